"""A session as it came: the events of each turn."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.analytics import content
from tracehub.model.listing import TraceRow
from tracehub.store import changes, sessions, traces
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted, size
from tracehub.web.pages.neighbours import neighbours_of
from tracehub.web.pages.raw_events import LISTED
from tracehub.web.pages.session_head import SessionHead, head_of, title_of
from tracehub.web.pages.session_view import View, query_of
from tracehub.web.pages.texts import indented
from tracehub.web.pages.turn_pages import TurnPage, turn_page
from tracehub.web.pages.visible import one_line, visible

MOST_EVENTS = 20_000
SHOWN = 3
LISTED_UNOPENED = 8
_PREVIEW = 16 * 1024


class ListedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `text` is its beginning where it is shown, `cut` whether there is more."""

    name: str
    kind: str
    size: str
    href: str
    text: str | None
    cut: bool


class RawTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn's events: the first ones, and how many there are."""

    number: int
    trace_id: str
    open: bool
    question: str | None
    total: str
    events: tuple[ListedEvent, ...]
    unlisted: str | None
    all_href: str
    trace_href: str
    open_href: str


class RawPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of session_raw.html."""

    section: str = "sessions"
    title: str
    head: SessionHead
    turns: tuple[RawTurn, ...]
    pages: TurnPage


def raw_page(
    connection: Connection, session_id: str, view: View, *, now: int, first: int, opened: str | None
) -> RawPage:
    """The turns from number `first` on; events are shown of the opened one, else of the first.

    NotFoundError where there is no such session.
    """
    running = changes.running(connection, [session_id])
    row = sessions.get(connection, session_id)
    every = traces.of_session(connection, session_id)
    query = query_of(view)
    listed = turn_page(session_id, every, query, first=first, wanted=(opened or "",), most_events=MOST_EVENTS)
    names = [turn.trace_id for turn in listed.rows]
    shown = opened if opened in names else next(iter(names), None)
    return RawPage(
        title=title_of(session_id),
        head=head_of(row, every, view, neighbours_of(connection, row, view, now), running),
        turns=tuple(
            _turn(number, turn, content.listed_events(connection, turn.trace_id), turn.trace_id == shown, query)
            for number, turn in enumerate(listed.rows, listed.first)
        ),
        pages=listed,
    )


def _turn(number: int, row: TraceRow, events: Sequence[content.ListedEvent], shown: bool, query: str) -> RawTurn:
    octets = size(sum(len(event.raw) for event in events))
    listed = events[: LISTED if shown else LISTED_UNOPENED]
    return RawTurn(
        number=number,
        trace_id=row.trace_id,
        open=shown,
        question=one_line(row.question, 160) if row.question else None,
        total=f"{counted(len(events), 'event')}, {octets}",
        events=tuple(_event(row.trace_id, event, shown=shown and place < SHOWN) for place, event in enumerate(listed)),
        unlisted=counted(len(events) - len(listed), "more event") if len(events) > len(listed) else None,
        all_href=addresses.events(row.trace_id),
        trace_href=addresses.trace_json(row.trace_id),
        open_href=addresses.turn(row.session_id, row.trace_id, query),
    )


def _event(trace_id: str, event: content.ListedEvent, *, shown: bool) -> ListedEvent:
    text, cut = _beginning(event.raw) if shown else (None, False)
    return ListedEvent(
        name=event.event_id,
        kind=event.kind,
        size=size(len(event.raw)),
        href=addresses.event(trace_id, event.event_id),
        text=text,
        cut=cut,
    )


def _beginning(raw: bytes) -> tuple[str, bool]:
    whole = raw.decode("utf-8", "replace")
    text = whole if len(raw) > _PREVIEW * 4 else indented(whole) or whole
    return visible(text[:_PREVIEW]), len(text) > _PREVIEW
