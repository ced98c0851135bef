"""What the page of one session shows."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import NotFoundError
from tracehub.model.listing import TraceRow
from tracehub.store import changes, sessions, spans, step_counts, traces
from tracehub.web.pages import addresses
from tracehub.web.pages.axis import Axis, axis_over
from tracehub.web.pages.exchanges import exchanges_of
from tracehub.web.pages.find import Hit, hits_of, number_of
from tracehub.web.pages.neighbours import neighbours_of
from tracehub.web.pages.panel import Panel
from tracehub.web.pages.repeats import repeats_of
from tracehub.web.pages.session_head import SessionHead, head_of, title_of
from tracehub.web.pages.session_tools import Tools, tools_of
from tracehub.web.pages.session_view import View, query_of
from tracehub.web.pages.turn_pages import TurnPage, turn_page
from tracehub.web.pages.turns import Shown, Turn, turns_of
from tracehub.web.pages.waterfall_rows import Remarks

INLINE_STEPS = 2000
INLINE_TURNS = 100
WINDOW_STEPS = 200
WINDOW_ROWS = 500


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of session.html. `lost_step` names a step of the address that does not exist."""

    section: str = "sessions"
    title: str
    head: SessionHead
    turns: tuple[Turn, ...]
    pages: TurnPage
    panel: Panel | None
    lost_step: str | None
    tools: Tools


def session_page(
    connection: Connection,
    knowledge: Knowledge,
    session_id: str,
    view: View,
    *,
    now: int,
    panel: Panel | None = None,
    opened: str | None = None,
    first: int = 1,
    lost_step: str | None = None,
    hit: str = "",
) -> SessionPage:
    """The session with its turns from number `first` on, or from where the panel's or the opened turn is.

    `opened` is the trace of a turn to show whole. NotFoundError where there is no such session.
    """
    # Asked first: what is stored meanwhile then comes over the stream.
    running = changes.running(connection, [session_id])
    row = sessions.get(connection, session_id)
    every = traces.of_session(connection, session_id)
    wanted = {trace_id for trace_id in (panel.trace_id if panel else None, opened) if trace_id}
    href, query = addresses.session(session_id), query_of(view)
    hits = hits_of(connection, session_id, every, view.find)
    number = number_of(hits, panel.span_id if panel else None, hit)
    if number:
        wanted.add(hits[number - 1].trace_id)
    listed = turn_page(session_id, every, query, first=first, wanted=wanted)
    windowed = row.steps > INLINE_STEPS or len(every) > INLINE_TURNS
    shown_rows = _window(listed.rows, wanted, _looked_for(every, view, hits)) if windowed else listed.rows
    loaded = spans.of_traces(connection, [trace.trace_id for trace in shown_rows])
    shown = Shown(
        spans=loaded,
        exchanges=exchanges_of(connection, session_id, every),
        first=listed.first,
        open_turns=frozenset(trace.trace_id for trace in shown_rows),
        selected=panel.span_id if panel else None,
        row_limit=WINDOW_ROWS if windowed and not opened else None,
        view=view,
        axis=_axis(every, view),
        remarks=Remarks(
            frozenset(hit.span_id for hit in hits if hit.span_id),
            repeats_of(connection, knowledge, listed.rows, loaded),
        ),
    )
    turns = turns_of(session_id, listed.rows, shown)
    return SessionPage(
        title=title_of(session_id),
        head=head_of(row, every, view, neighbours_of(connection, row, view, now), running),
        turns=turns,
        pages=listed,
        panel=panel,
        lost_step=lost_step,
        tools=tools_of(
            href,
            view,
            step_counts.of_session(connection, session_id),
            hits,
            number,
            several_turns=len(every) > 1,
            can_fold=any(turn.waterfall and turn.waterfall.fold for turn in turns),
        ),
    )


def one_turn(connection: Connection, knowledge: Knowledge, session_id: str, trace_id: str, view: View) -> Turn:
    """One turn of a session, whole; NotFoundError where the session has no such turn."""
    rows = traces.of_session(connection, session_id)
    loaded = spans.of_traces(connection, [trace_id])
    shown = Shown(
        spans=loaded,
        exchanges=exchanges_of(connection, session_id, rows),
        first=1,
        open_turns=frozenset([trace_id]),
        selected=None,
        row_limit=None,
        view=view,
        axis=_axis(rows, view),
        remarks=Remarks(repeats=repeats_of(connection, knowledge, rows, loaded)),
    )
    for turn in turns_of(session_id, rows, shown):
        if turn.trace_id == trace_id:
            return turn
    msg = f"session {session_id} has no turn {trace_id}"
    raise NotFoundError(msg)


def _axis(turns: Sequence[TraceRow], view: View) -> Axis | None:
    return axis_over((turn.started_at, turn.ended_at) for turn in turns) if view.session_axis else None


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
