"""What the page of one session shows."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.errors import NotFoundError
from tracehub.model.listing import SessionRow, TraceRow
from tracehub.store import sessions, spans, step_counts, traces
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, money, tokens_in_out
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.exchanges import exchanges_of
from tracehub.web.pages.find import Find, Hit, find_of, hits_of, number_of
from tracehub.web.pages.kind_toggles import Toggle, toggles_of
from tracehub.web.pages.labels import Badge, agent_label, session_badges, version_label
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.panel import Panel
from tracehub.web.pages.session_view import WHOLE, View, address_of, everything, query_of
from tracehub.web.pages.turn_strip import Block, strip_of
from tracehub.web.pages.turns import Shown, Turn, turns_of
from tracehub.web.pages.visible import visible

INLINE_STEPS = 2000
INLINE_TURNS = 100
WINDOW_STEPS = 200
WINDOW_ROWS = 500
LISTED_TURNS = 100


class Figure(msgspec.Struct, frozen=True):
    """One number of the session's head; `hint` says what it covers."""

    name: str
    value: str
    hint: str


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of session.html. `lost_step` names a step of the address that does not exist."""

    section: str = "sessions"
    title: str
    session_id: str
    session_reported: bool
    href: str
    agent: str
    version: str
    started: Moment | None
    badges: tuple[Badge, ...]
    figures: tuple[Figure, ...]
    strip: tuple[Block, ...]
    turns: tuple[Turn, ...]
    listed: str | None
    earlier: str | None
    later: str | None
    panel: Panel | None
    lost_step: str | None
    toggles: tuple[Toggle, ...]
    everything: str | None
    find: Find


def session_page(
    connection: Connection,
    session_id: str,
    view: View = WHOLE,
    *,
    panel: Panel | None = None,
    opened: str | None = None,
    first: int = 1,
    lost_step: str | None = None,
    hit: str = "",
) -> SessionPage:
    """The session with its turns from number `first` on, or from where the panel's or the opened turn is.

    `opened` is the trace of a turn to show whole. NotFoundError where there is no such session.
    """
    row = sessions.get(connection, session_id)
    every = traces.of_session(connection, session_id)
    wanted = {trace_id for trace_id in (panel.trace_id if panel else None, opened) if trace_id}
    href, query = addresses.session(session_id), query_of(view)
    hits = hits_of(connection, session_id, every, view.find)
    number = number_of(hits, panel.span_id if panel else None, hit)
    if number:
        wanted.add(hits[number - 1].trace_id)
    begin = _begin(every, wanted, first)
    rows = every[begin : begin + LISTED_TURNS]
    windowed = row.steps > INLINE_STEPS or len(every) > INLINE_TURNS
    loaded = [trace.trace_id for trace in (_window(rows, wanted, _looked_for(every, view, hits)) if windowed else rows)]
    shown = Shown(
        spans=spans.of_traces(connection, loaded),
        exchanges=exchanges_of(connection, session_id, every),
        first=begin + 1,
        open_turns=frozenset(loaded),
        selected=panel.span_id if panel else None,
        row_limit=WINDOW_ROWS if windowed and not opened else None,
        view=view,
        hits=frozenset(hit.span_id for hit in hits if hit.span_id),
    )
    return SessionPage(
        title=f"{visible(session_id)[:40]} – Sessions",
        session_id=visible(session_id),
        session_reported=row.session_reported,
        href=href,
        agent=visible(agent_label(row.agent_name, row.agent_id, row.inline)),
        version=visible(version_label(row.alias_id, row.agent_version)),
        started=exact(row.started_at),
        badges=session_badges(row),
        figures=_figures(row),
        strip=strip_of(every),
        turns=turns_of(session_id, rows, shown),
        listed=f"Turns {begin + 1:,} to {begin + len(rows):,} of {len(every):,}" if len(rows) < len(every) else None,
        earlier=addresses.turns_from(session_id, max(begin - LISTED_TURNS, 0) + 1, query) if begin else None,
        later=addresses.turns_from(session_id, begin + len(rows) + 1, query)
        if begin + len(rows) < len(every)
        else None,
        panel=panel,
        lost_step=lost_step,
        toggles=toggles_of(href, view, step_counts.of_session(connection, session_id)),
        everything=address_of(href, everything(view)) if view.partial else None,
        find=find_of(href, view, hits, number),
    )


def one_turn(connection: Connection, session_id: str, trace_id: str, view: View) -> Turn:
    """One turn of a session, whole; NotFoundError where the session has no such turn."""
    rows = traces.of_session(connection, session_id)
    shown = Shown(
        spans=spans.of_traces(connection, [trace_id]),
        exchanges=exchanges_of(connection, session_id, rows),
        first=1,
        open_turns=frozenset([trace_id]),
        selected=None,
        row_limit=None,
        view=view,
    )
    for turn in turns_of(session_id, rows, shown):
        if turn.trace_id == trace_id:
            return turn
    msg = f"session {session_id} has no turn {trace_id}"
    raise NotFoundError(msg)


def _begin(rows: Sequence[TraceRow], wanted: set[str], first: int) -> int:
    """Where the listed turns begin."""
    place = next((place for place, row in enumerate(rows) if row.trace_id in wanted), None)
    if place is not None and len(rows) > LISTED_TURNS:
        return place - place % LISTED_TURNS
    return max(min(first, len(rows)) - 1, 0) if place is None else 0


def _window(rows: Sequence[TraceRow], wanted: set[str], looked_for: set[str] | None) -> list[TraceRow]:
    """The turns asked for, and the first ones; where something is looked for, the first ones that have it."""
    shown: list[TraceRow] = []
    steps = 0
    for row in rows:
        fits = steps < WINDOW_STEPS if looked_for is None else steps < INLINE_STEPS and row.trace_id in looked_for
        if fits or row.trace_id in wanted:
            shown.append(row)
            steps += row.steps
    return shown


def _looked_for(rows: Sequence[TraceRow], view: View, hits: Sequence[Hit]) -> set[str] | None:
    """The turns that hold what the view looks for; None where it looks for nothing."""
    if view.find:
        return {hit.trace_id for hit in hits}
    if view.errors:
        return {row.trace_id for row in rows if row.errors_reported + row.errors_inferred}
    return None


def _figures(row: SessionRow) -> tuple[Figure, ...]:
    wall = between(row.started_at, row.ended_at)
    reported = f"reported by {row.calls_with_tokens:,} of {row.model_calls:,} model calls"
    priced = f"{row.priced_calls:,} of {row.model_calls:,} model calls have a price"
    return (
        Figure("Turns", count(row.turns), ""),
        Figure("Steps", count(row.steps), ""),
        Figure("Working", duration(row.working_us), "the turns' durations together"),
        Figure("First to last", duration(wall), "from the first turn's start to the last one's end"),
        Figure("Tokens in → out", tokens_in_out(row.input_tokens, row.output_tokens) or "—", reported),
        Figure("Cost", money(row.cost_usd, row.model_calls), priced),
    )
