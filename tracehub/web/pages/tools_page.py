"""What the page of tools shows."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.analytics.tools import tools
from tracehub.model.listing import ToolRow
from tracehub.store import facets
from tracehub.web.pages.amounts import count, counted, share
from tracehub.web.pages.durations import milliseconds
from tracehub.web.pages.filter_bar import FilterBar, filter_bar, understood
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.visible import one_line


class ToolLine(msgspec.Struct, frozen=True, kw_only=True):
    """One tool. `share` is its calls in per cent of the most called tool's, `error_share` those reported as failed."""

    tool: str
    href: str
    calls: str
    calls_unit: str
    traces: str
    reported: str
    reported_any: bool
    inferred: str
    inferred_any: bool
    reported_rate: str
    inferred_rate: str
    p50: str
    p95: str
    p99: str
    timed: str
    last: Moment | None
    share: str
    error_share: str


class ToolsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of tools.html."""

    section: str = "tools"
    title: str = "Tools"
    filters: FilterBar
    rows: tuple[ToolLine, ...]
    summary: str


def tools_page(connection: Connection, query: QueryParams, *, now: int) -> ToolsPage:
    """The tools called in the traces that the query string asks for."""
    filter, problem = understood(query, now)
    rows = tools(connection, filter) if filter else ()
    most = max((row.calls for row in rows), default=1)
    calls = sum(row.calls for row in rows)
    return ToolsPage(
        filters=filter_bar("/tools", query, facets.facets(connection), problem),
        rows=tuple(_line(row, most, now) for row in rows),
        summary=f"{counted(len(rows), 'tool')}, {counted(calls, 'call')}",
    )


def _line(row: ToolRow, most: int, now: int) -> ToolLine:
    return ToolLine(
        tool=one_line(row.tool, 120),
        href=f"/sessions?{urlencode({'tool': row.tool})}",
        calls=count(row.calls),
        calls_unit="call" if row.calls == 1 else "calls",
        traces=count(row.traces),
        reported=count(row.errors_reported),
        reported_any=row.errors_reported > 0,
        inferred=count(row.errors_inferred),
        inferred_any=row.errors_inferred > 0,
        reported_rate=share(row.errors_reported, row.calls),
        inferred_rate=share(row.errors_inferred, row.calls),
        p50=milliseconds(row.p50_ms),
        p95=milliseconds(row.p95_ms),
        p99=milliseconds(row.p99_ms),
        timed=f"{row.timed_calls:,} of {counted(row.calls, 'call')} have a known duration",
        last=ago(row.last_started_at, now),
        share=f"{row.calls * 100 / most:.1f}",
        error_share=f"{row.errors_reported * 100 / most:.1f}",
    )
