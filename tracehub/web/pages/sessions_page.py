"""What the list of sessions shows."""

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter, Page, SessionRow
from tracehub.store import changes, facets, saved_views, sessions
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, counted, money, tokens
from tracehub.web.pages.durations import duration
from tracehub.web.pages.filter_bar import FilterBar, filter_bar, understood, with_query
from tracehub.web.pages.labels import Badge, agent_label, session_badges, version_label
from tracehub.web.pages.list_order import Head, heads_of, read_order
from tracehub.web.pages.moments import Moment, ago, exact
from tracehub.web.pages.nearest import LIST_KEYS, Nearest, nearest
from tracehub.web.pages.notices import told
from tracehub.web.pages.session_bars import looks_into_turns, session_bars
from tracehub.web.pages.session_view import WHOLE, address_of
from tracehub.web.pages.session_view import View as SessionView
from tracehub.web.pages.snippets import Snippet, snippets
from tracehub.web.pages.views import DONE, View, query_of, views_of
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.paging import cursors_of, keys_of, read_cursor
from tracehub.web.reports.charts import Chart
from tracehub.web.reports.report import Link

PATH = "/sessions"
MOST_COUNTED = 10_000
# What a search or the calls of turns decide takes longer to count.
MOST_FOUND = 500


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session in the list."""

    href: str
    session_id: str
    session_reported: bool
    started: Moment | None
    received: Moment
    question: str | None
    agent: str
    version: str
    turns: str
    turns_unit: str
    steps: str
    steps_unit: str
    duration: str
    tokens: str
    tokens_hint: str
    cost: str
    cost_hint: str
    priced: bool
    badges: tuple[Badge, ...]
    snippets: tuple[Snippet, ...]


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of sessions.html. `ever` says whether there is any session at all; `address` is this server's."""

    section: str = "sessions"
    title: str = "Sessions"
    filters: FilterBar
    heads: tuple[Head, ...]
    bars: Chart | None
    rows: tuple[SessionLine, ...]
    summary: str
    older: str | None
    newer: str | None
    ever: bool
    address: str
    views: tuple[View, ...]
    this_view: str
    notice: str | None
    nearest: Nearest | None
    twins: tuple[Link, ...]


def sessions_page(connection: Connection, query: QueryParams, *, now: int, limit: int, address: str) -> SessionsPage:
    """The page of the list that the query string asks for."""
    filter, problem = understood(query, now, also=LIST_KEYS)
    order, cursor = read_order(query), read_cursor(query.get("cursor"))
    found: Page[SessionRow] = Page(rows=(), older=None, newer=None)
    if filter:
        found = sessions.page(connection, filter, **keys_of(cursor), limit=limit, order=order)
    most = MOST_FOUND if filter and looks_into_turns(filter) else MOST_COUNTED
    total = sessions.count(connection, filter, most + 1) if filter and found.rows else 0
    older, newer = cursors_of(found)
    bar = filter_bar(PATH, query, facets.facets(connection), problem, kept=("sort",))
    ever = bool(found.rows) or sessions.count(connection, Filter(), 1) > 0
    listed = SessionView(listed=query_of(query))
    shown: dict[str, tuple[Snippet, ...]] = {}
    if filter and filter.q:
        shown = snippets(connection, filter.q, [row.session_id for row in found.rows])
    running = changes.running(connection, [row.session_id for row in found.rows])
    return SessionsPage(
        filters=bar,
        heads=heads_of(query, order),
        bars=session_bars(connection, filter, query, now) if filter and found.rows else None,
        rows=tuple(
            line_of(row, now, listed, shown.get(row.session_id, ()), runs=row.session_id in running)
            for row in found.rows
        ),
        summary=_summary(len(found.rows), total, most),
        older=with_query(PATH, query, older),
        newer=with_query(PATH, query, newer),
        ever=ever,
        address=address,
        views=views_of(saved_views.every(connection), query),
        this_view=query_of(query),
        notice=told(query, DONE),
        nearest=nearest(connection, filter, bar.chips, now) if filter and ever and not found.rows else None,
        twins=twins_of_list(query_of(query)),
    )


def line_of(
    row: SessionRow,
    now: int,
    listed: SessionView = WHOLE,
    shown: tuple[Snippet, ...] = (),
    *,
    runs: bool = False,
) -> SessionLine:
    """A session's row in words; its link remembers the list."""
    return SessionLine(
        href=address_of(addresses.session(row.session_id), listed),
        session_id=one_line(row.session_id, 80),
        session_reported=row.session_reported,
        started=ago(row.started_at, now),
        received=exact(row.received_at) or Moment("", "", ""),
        question=one_line(row.question, 200) if row.question else None,
        agent=one_line(agent_label(row.agent_name, row.agent_id, row.inline), 60),
        version=visible(version_label(row.alias_id, row.agent_version)),
        turns=count(row.turns),
        turns_unit="turn" if row.turns == 1 else "turns",
        steps=count(row.steps),
        steps_unit="step" if row.steps == 1 else "steps",
        duration=duration(row.working_us),
        tokens=tokens(row.input_tokens, row.output_tokens),
        tokens_hint=f"reported by {row.calls_with_tokens:,} of {counted(row.model_calls, 'model call')}",
        cost=money(row.cost_usd, row.model_calls),
        cost_hint=f"{row.priced_calls:,} of {counted(row.model_calls, 'model call')} priced",
        priced=row.cost_usd is not None,
        badges=session_badges(row, runs=runs),
        snippets=shown,
    )


def twins_of_list(query: str) -> tuple[Link, ...]:
    """All that the list matches, for machines: its sessions, and their spans."""
    asked = f"?{query}" if query else ""
    spans = "&".join(part for part in query.split("&") if part and not part.startswith("sort="))
    of_spans = f"?{spans}" if spans else ""
    return (
        Link("JSON", f"/sessions.json{asked}"),
        Link("NDJSON", f"/sessions.ndjson{asked}"),
        Link("CSV", f"/sessions.csv{asked}"),
        Link("Markdown", f"/sessions.md{asked}"),
        Link("Spans as NDJSON", f"/spans.ndjson{of_spans}"),
        Link("Spans as CSV", f"/spans.csv{of_spans}"),
        Link("Spans as Parquet", f"/spans.parquet{of_spans}"),
    )


def _summary(shown: int, total: int, most: int) -> str:
    if shown >= total:
        return counted(total, "session")
    return f"{shown:,} of {f'{most:,}+' if total > most else f'{total:,}'} sessions"
