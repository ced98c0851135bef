"""A session as a conversation: what was asked and answered, in whole."""

import msgspec
from sqlalchemy import Connection

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.model.listing import TraceRow
from tracehub.model.trace import Trace
from tracehub.store import changes, sessions, traces
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted, size
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.labels import Badge
from tracehub.web.pages.marks import Piece, pieces
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.neighbours import neighbours_of
from tracehub.web.pages.sections import Passage
from tracehub.web.pages.session_head import SessionHead, head_of, title_of
from tracehub.web.pages.session_view import View, query_of
from tracehub.web.pages.turn_pages import TurnPage, turn_page
from tracehub.web.pages.turn_sections import cited_passages
from tracehub.web.pages.turns import pause_between, turn_badges, turn_error, until_of
from tracehub.web.pages.visible import visible

MOST_EVENTS = 4000
LONGEST = 12_000


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What was said. `whole` is the file with all of it where this is only its beginning."""

    text: str
    marks: tuple[Piece, ...]
    size: str
    whole: str | None


class ChatTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its answer; None where the trace has none."""

    number: int
    trace_id: str
    started: Moment | None
    duration: str
    badges: tuple[Badge, ...]
    error: str | None
    missing: str | None
    question: Message | None
    answer: Message | None
    citations: tuple[Passage, ...]
    steps: str
    steps_href: str
    pause: str | None
    until: str


class ChatPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of session_chat.html."""

    section: str = "sessions"
    title: str
    head: SessionHead
    turns: tuple[ChatTurn, ...]
    pages: TurnPage


def chat_page(
    connection: Connection,
    knowledge: Knowledge,
    session_id: str,
    view: View,
    *,
    now: int,
    first: int,
    opened: str | None,
) -> ChatPage:
    """The turns from number `first` on, or those around the opened one; NotFoundError without such a session."""
    running = changes.running(connection, [session_id])
    row = sessions.get(connection, session_id)
    every = traces.of_session(connection, session_id)
    listed = turn_page(session_id, every, query_of(view), first=first, wanted=(opened or "",), most_events=MOST_EVENTS)
    following = [*listed.rows[1:], None]
    return ChatPage(
        title=title_of(session_id),
        head=head_of(row, every, view, neighbours_of(connection, row, view, now), running),
        turns=tuple(
            _turn(
                number,
                turn,
                later,
                None if turn.needs_reindex else content.trace(connection, turn.trace_id, knowledge),
                view,
            )
            for number, (turn, later) in enumerate(zip(listed.rows, following, strict=True), listed.first)
        ),
        pages=listed,
    )


def _turn(number: int, row: TraceRow, later: TraceRow | None, trace: Trace | None, view: View) -> ChatTurn:
    timeline = query_of(msgspec.structs.replace(view, form="timeline"))
    root = trace.spans[0].span_id if trace else ""
    return ChatTurn(
        number=number,
        trace_id=row.trace_id,
        started=exact(row.started_at),
        duration=duration(between(row.started_at, row.ended_at)),
        badges=turn_badges(row),
        error=turn_error(row),
        missing=visible(row.missing) if row.missing else None,
        question=_message(trace.question, addresses.part(row.trace_id, root, "input"), view) if trace else None,
        answer=_message(trace.answer, addresses.part(row.trace_id, root, "output"), view) if trace else None,
        citations=cited_passages(trace) if trace else (),
        steps=counted(row.steps, "step"),
        steps_href=addresses.turn(row.session_id, row.trace_id, timeline),
        pause=pause_between(row, later),
        until=until_of(row, later),
    )


def _message(text: str | None, whole: str, view: View) -> Message | None:
    if text is None:
        return None
    shown = visible(text[:LONGEST])
    cut = len(text) > LONGEST
    octets = size(len(text.encode("utf-8", "replace"))) if cut else ""
    return Message(text=shown, marks=pieces(shown, view.find), size=octets, whole=whole if cut else None)
