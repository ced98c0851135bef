"""The filters of pages of numbers: what rollups can tell apart."""

from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter
from tracehub.store import facets
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.pages.filter_bar import FilterBar, filter_bar

KEYS = ("agent", "alias", "version", "since", "until")


def read_usage_filter(query: QueryParams, now: int, *, also: Iterable[str] = ()) -> Filter:
    """The filter; BadQueryError where a parameter is none of KEYS and not in `also`."""
    known = {*KEYS, *also}
    for name in query:
        if name not in known:
            raise BadQueryError(name[:50], f"not on this page, which knows {', '.join(sorted(known))}")
    wanted = read_filter(query, now, also=also)
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise BadQueryError("until", "not after since")
    return wanted


def usage_bar(connection: Connection, action: str, query: QueryParams, *, kept: Iterable[str] = ()) -> FilterBar:
    """The form; values of the parameters `kept` stay as they are."""
    bar = filter_bar(action, query, facets.facets(connection), kept=kept)
    choices = {choice.name: choice for choice in (*bar.choices, *bar.more)}
    shown = tuple(choices[name] for name in KEYS if name in choices)
    return replace(bar, choices=shown, more=(), amounts=(), errors=None, searched=None)


def choice_of(query: QueryParams, name: str, choices: Iterable[str]) -> str:
    """The value of a parameter with few values, the first where it is not given; BadQueryError where it is another."""
    known = tuple(choices)
    value = query.get(name) or known[0]
    if value not in known:
        raise BadQueryError(name, f"one of {', '.join(known)}")
    return value
