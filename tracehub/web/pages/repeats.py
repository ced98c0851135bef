"""Identical calls within a turn: the same tool with the same whole input, more than once."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.model.listing import SpanRow, TraceRow
from tracehub.model.span import CodeSpan, RetrievalSpan, Span, ToolSpan
from tracehub.web.pages.texts import as_json

MOST_EVENTS = 2000
_REPEATABLE = ("tool", "code", "retrieval")


def repeats_of(
    connection: Connection, knowledge: Knowledge, turns: Iterable[TraceRow], spans: Mapping[str, Sequence[SpanRow]]
) -> dict[str, tuple[str, ...]]:
    """The steps of these turns that repeat a call, each with all that make it, in order.

    Rows hold only excerpts, so the contents decide; they are read only of turns whose rows look alike, and of no more
    turns than MOST_EVENTS allow: of the others nothing is said.
    """
    found: dict[str, tuple[str, ...]] = {}
    events = 0
    for turn in turns:
        if turn.needs_reindex or not _alike(spans.get(turn.trace_id, ())):
            continue
        events += turn.event_count
        if events > MOST_EVENTS:
            break
        found |= repeated(content.trace(connection, turn.trace_id, knowledge).spans)
    return found


def repeated(spans: Iterable[Span]) -> dict[str, tuple[str, ...]]:
    """The steps that repeat a call, each with all that make it, in order."""
    calls: dict[object, list[str]] = {}
    for span in spans:
        call = _call(span)
        if call is not None:
            calls.setdefault(call, []).append(span.span_id)
    return {span_id: tuple(group) for group in calls.values() if len(group) > 1 for span_id in group}


def next_of(span_id: str, group: Sequence[str]) -> str:
    """The next step that makes the same call; after the last one the first."""
    return group[(group.index(span_id) + 1) % len(group)]


def _alike(spans: Sequence[SpanRow]) -> bool:
    seen: set[tuple[str, str, str | None]] = set()
    for span in spans:
        if span.kind in _REPEATABLE:
            look = (span.kind, span.name, span.summary)
            if look in seen:
                return True
            seen.add(look)
    return False


def _call(span: Span) -> object:
    """What is called with what; None where the input is not known, or it is no call."""
    match span:
        case ToolSpan():
            arguments = tuple(sorted((p.name, p.type or "", p.value or "", p.value is None) for p in span.parameters))
            body = None if span.request_body is None else as_json(span.request_body)
            return ("tool", span.tool, span.action_group, span.function, span.verb, span.api_path, arguments, body)
        case RetrievalSpan(query=query) if query is not None:
            return ("retrieval", span.knowledge_base_id, query)
        case CodeSpan(code=code) if code is not None:
            return ("code", code)
        case _:
            return None
