"""Whole contents, read from the events: what lists and timelines leave out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
import structlog
from sqlalchemy import Connection

from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.assemble import assemble
from tracehub.bedrock.blocks import unpack, unpack_listed, unpack_raw
from tracehub.bedrock.clues import clues_in, may_ask
from tracehub.errors import NotFoundError
from tracehub.model.record import Event
from tracehub.model.trace import Trace
from tracehub.store import event_blocks, return_controls
from tracehub.store.schema import DEFAULT_PROJECT

_log = structlog.get_logger(__name__)


def trace(connection: Connection, trace_id: str, knowledge: Knowledge, *, project: str = DEFAULT_PROJECT) -> Trace:
    """The trace with the full texts of all its spans; NotFoundError where there is none."""
    found = [event for block in _blocks(connection, trace_id, project) for event in unpack(block)]
    answers = answers_to(connection, {trace_id: found}, project=project)
    return assemble(trace_id, found, answers=answers, prices=knowledge.prices, rules=knowledge.rules)


def traces(
    connection: Connection, trace_ids: Sequence[str], knowledge: Knowledge, *, project: str = DEFAULT_PROJECT
) -> dict[str, Trace]:
    """Those of these traces that are stored and can be assembled, as `trace` gives them."""
    found: dict[str, list[Event]] = {}
    for trace_id, blocks in event_blocks.of_traces(connection, trace_ids, project=project).items():
        with _noted(trace_id):
            found[trace_id] = [event for block in blocks for event in unpack(block)]
    answers = answers_to(connection, found, project=project)
    assembled: dict[str, Trace] = {}
    for trace_id, events_of_it in found.items():
        with _noted(trace_id):
            assembled[trace_id] = assemble(
                trace_id, events_of_it, answers=answers, prices=knowledge.prices, rules=knowledge.rules
            )
    return assembled


def events(connection: Connection, trace_id: str, *, project: str = DEFAULT_PROJECT) -> Iterator[bytes]:
    """The trace's raw events, each one line of JSON without its newline, in the order of the stream where known."""
    found = [event for block in _blocks(connection, trace_id, project) for event in unpack(block)]
    return (event.raw for event in sorted(found, key=lambda event: event.index))


class ListedEvent(msgspec.Struct, frozen=True):
    """One raw event of a trace, unparsed."""

    event_id: str
    kind: str
    raw: bytes


def listed_events(connection: Connection, trace_id: str, *, project: str = DEFAULT_PROJECT) -> tuple[ListedEvent, ...]:
    """The trace's raw events in the order of the stream where known."""
    found = [row for block in _blocks(connection, trace_id, project) for row in unpack_listed(block)]
    found.sort(key=lambda row: row[0])
    return tuple(ListedEvent(event_id, kind, raw) for _, event_id, kind, raw in found)


def event(connection: Connection, trace_id: str, event_id: str, *, project: str = DEFAULT_PROJECT) -> bytes:
    """One raw event; NotFoundError where the trace or the event does not exist."""
    for block in _blocks(connection, trace_id, project):
        for found_id, raw in unpack_raw(block):
            if found_id == event_id:
                return raw
    msg = f"trace {trace_id} has no event {event_id}"
    raise NotFoundError(msg)


def answers_to(
    connection: Connection, events_of: Mapping[str, Sequence[Event]], *, project: str = DEFAULT_PROJECT
) -> dict[str, Event]:
    """The request events that answer control handed back by any of these traces, by invocationId."""
    asked = {name for found in events_of.values() for name in clues_in(event for event in found if may_ask(event)).asks}
    if not asked:
        return {}
    sides = return_controls.find(connection, asked, project=project)
    answered = {name: side.answered_by for name, side in sides.items() if side.answered_by}
    absent = sorted({by for by in answered.values() if not events_of.get(by)})
    stored = event_blocks.of_traces(connection, absent, project=project)
    answers: dict[str, Event] = {}
    for name, by in answered.items():
        candidates = events_of.get(by) or [event for block in stored.get(by, []) for event in unpack(block)]
        for found in candidates:
            if found.kind == "request" and name in clues_in([found]).answers:
                answers[name] = found
    return answers


@contextmanager
def _noted(trace_id: str) -> Iterator[None]:
    try:
        yield
    except Exception:  # the parser's fault with one trace must not keep the others from being read
        _log.exception("assembling failed", trace_id=trace_id)


def _blocks(connection: Connection, trace_id: str, project: str) -> list[bytes]:
    blocks = event_blocks.of_traces(connection, [trace_id], project=project).get(trace_id)
    if blocks is None:
        msg = f"there is no trace {trace_id}"
        raise NotFoundError(msg)
    return blocks
