"""What the Live page shows before anything arrives."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.store import dialect, facets
from tracehub.web.live.feed import latest
from tracehub.web.live.rows import LiveRow, rows_of
from tracehub.web.pages.filter_bar import FilterBar, filter_bar, understood

PATH = "/live"
SHOWN = 50


class LivePage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of live.html. `stream` is where the steps after these come from; None where the search cannot be
    understood."""

    section: str = "live"
    title: str = "Live"
    filters: FilterBar
    rows: tuple[LiveRow, ...]
    refresh: str
    stream: str | None


def live_page(connection: Connection, query: QueryParams, *, now: int) -> LivePage:
    """The latest steps of what the query string asks for."""
    filter, problem = understood(query, now)
    asked = urlencode([(name, value) for name, value in query.multi_items() if value])
    # Asked before the rows are read: what is written in between comes over the stream.
    after = dialect.now(connection)
    return LivePage(
        filters=filter_bar(PATH, query, facets.facets(connection), problem),
        rows=rows_of(latest(connection, filter, SHOWN), now) if filter else (),
        refresh=f"{PATH}?{asked}" if asked else PATH,
        stream=f"/_/live/stream?{asked}{'&' if asked else ''}after={after}" if filter else None,
    )
