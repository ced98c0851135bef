"""What the list of sessions shows."""

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter, Page, SessionRow
from tracehub.store import facets, sessions
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, counted, money, tokens
from tracehub.web.pages.durations import duration
from tracehub.web.pages.filter_bar import FilterBar, filter_bar, understood, with_query
from tracehub.web.pages.labels import Badge, agent_label, session_badges, version_label
from tracehub.web.pages.moments import Moment, ago, exact
from tracehub.web.pages.snippets import Snippet, snippets
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.paging import cursors_of, keys_of, read_cursor

MOST_COUNTED = 10_000


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
    rows: tuple[SessionLine, ...]
    summary: str
    older: str | None
    newer: str | None
    ever: bool
    address: str


def sessions_page(connection: Connection, query: QueryParams, *, now: int, limit: int, address: str) -> SessionsPage:
    """The page of the list that the query string asks for."""
    filter, problem = understood(query, now, also=("cursor",))
    found: Page[SessionRow] = Page(rows=(), older=None, newer=None)
    if filter:
        found = sessions.page(connection, filter, **keys_of(read_cursor(query.get("cursor"))), limit=limit)
    total = sessions.count(connection, filter, MOST_COUNTED + 1) if filter and found.rows else 0
    older, newer = cursors_of(found)
    shown: dict[str, tuple[Snippet, ...]] = {}
    if filter and filter.q:
        shown = snippets(connection, filter.q, [row.session_id for row in found.rows])
    return SessionsPage(
        filters=filter_bar("/sessions", query, facets.facets(connection), problem),
        rows=tuple(line_of(row, now, shown.get(row.session_id, ())) for row in found.rows),
        summary=_summary(len(found.rows), total),
        older=with_query("/sessions", query, older),
        newer=with_query("/sessions", query, newer),
        ever=bool(found.rows) or sessions.count(connection, Filter(), 1) > 0,
        address=address,
    )


def line_of(row: SessionRow, now: int, shown: tuple[Snippet, ...] = ()) -> SessionLine:
    """A session's row in words."""
    return SessionLine(
        href=addresses.session(row.session_id),
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
        badges=session_badges(row),
        snippets=shown,
    )


def _summary(shown: int, total: int) -> str:
    if shown >= total:
        return counted(total, "session")
    return f"{shown:,} of {'10,000+' if total > MOST_COUNTED else f'{total:,}'} sessions"
