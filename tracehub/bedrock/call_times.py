"""When a call began, was answered and ended, where a recorder or the proxy saw it."""

import re
from collections.abc import Sequence

from tracehub.bedrock.arrival_times import MEMBER
from tracehub.bedrock.times import microseconds
from tracehub.members import Json, mapping, text
from tracehub.model.record import Event
from tracehub.model.trace import Caller, CallTimes

# W3C Trace Context, 3.2
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def call_times(events: Sequence[Event]) -> CallTimes:
    """The times of one call, each None where nobody saw it."""
    response = next((mapping(event.body, "response") for event in events if event.kind == "response"), {})
    return CallTimes(
        asked_at=_first(events, "request"),
        answered_at=microseconds(response.get("startedAt")),
        first_text_at=_first(events, "chunk"),
        closed_at=_first(events, "response"),
    )


def caller_of(request: Json) -> Caller | None:
    """The span that made the call, by its W3C traceparent; None where there is none, or none that is valid."""
    found = _TRACEPARENT.fullmatch(text(request, "traceparent") or "")
    return Caller(trace_id=found[1], span_id=found[2]) if found else None


def _first(events: Sequence[Event], kind: str) -> int | None:
    times = [microseconds(event.body.get(MEMBER)) for event in events if event.kind == kind]
    return min((at for at in times if at is not None), default=None)
