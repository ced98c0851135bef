"""By what the list of sessions is ordered, and the heads that change it."""

from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.model.listing import SessionOrder
from tracehub.web.filters import BadQueryError


class Head(msgspec.Struct, frozen=True):
    """The head of a column; `href` orders the list by it, and `current` says that it is ordered so."""

    text: str
    number: bool
    href: str | None
    current: bool


_HEADS: tuple[tuple[str, bool, SessionOrder | None], ...] = (
    ("Started", False, SessionOrder.STARTED),
    ("First question and session", False, None),
    ("Agent", False, None),
    ("Turns", True, SessionOrder.TURNS),
    ("Steps", True, SessionOrder.STEPS),
    ("Duration", True, SessionOrder.DURATION),
    ("Tokens", True, SessionOrder.TOKENS),
    ("Cost", True, SessionOrder.COST),
    ("Status", False, None),
)


def read_order(query: QueryParams) -> SessionOrder:
    """What `sort` asks for; BadQueryError where there is no such order."""
    try:
        return SessionOrder(query.get("sort") or SessionOrder.STARTED)
    except ValueError:
        raise BadQueryError("sort", f"one of {', '.join(SessionOrder)}") from None


def heads_of(query: QueryParams, order: SessionOrder) -> tuple[Head, ...]:
    """The heads of the table, from left to right."""
    rest = [
        (name, value) for name, value in query.multi_items() if value and name not in ("sort", "cursor", "done", "name")
    ]
    return tuple(
        Head(text, number, None if by is None else _address(rest, by), by is order) for text, number, by in _HEADS
    )


def _address(rest: list[tuple[str, str]], order: SessionOrder) -> str:
    values = rest if order is SessionOrder.STARTED else [*rest, ("sort", order.value)]
    return f"/sessions?{urlencode(values)}" if values else "/sessions"
