"""The sessions before and after one in the list that it was opened from."""

from urllib.parse import parse_qsl

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter, Key, SessionOrder, SessionRow
from tracehub.store import sessions
from tracehub.web.filters import BadQueryError, read_filter
from tracehub.web.pages import addresses
from tracehub.web.pages.list_order import read_order
from tracehub.web.pages.session_view import View, address_of

_MOST_FIELDS = 100


class Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """`before` is the session above, `after` the one below, as the list goes. `list_href` is that list."""

    before: str | None
    after: str | None
    list_href: str


def neighbours_of(connection: Connection, row: SessionRow, view: View, now: int) -> Neighbours:
    """What the view's list shows beside the session; the list of all where the view names none that can be read."""
    filter, order, query = _list(view.listed, now)
    key = Key(sessions.value_of(row, order), row.session_id)
    newer = sessions.page(connection, filter, newer_than=key, limit=1, order=order).rows
    older = sessions.page(connection, filter, older_than=key, limit=1, order=order).rows
    kept = View(form=view.form, listed=query)
    return Neighbours(
        before=address_of(addresses.session(newer[-1].session_id), kept) if newer else None,
        after=address_of(addresses.session(older[0].session_id), kept) if older else None,
        list_href=f"/sessions?{query}" if query else "/sessions",
    )


def _list(query: str, now: int) -> tuple[Filter, SessionOrder, str]:
    try:
        values = QueryParams(parse_qsl(query, strict_parsing=True, max_num_fields=_MOST_FIELDS))
        return read_filter(values, now, also=("sort",)), read_order(values), query
    except (BadQueryError, ValueError):
        return Filter(), SessionOrder.STARTED, ""
