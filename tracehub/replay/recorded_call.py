"""Makes a recording of one call's events."""

import re
from collections.abc import Sequence

from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.assemble import assemble
from tracehub.bedrock.exceptions import exception_of
from tracehub.bedrock.wire import frames_of
from tracehub.members import Json, integer, mapping, text
from tracehub.model.record import Event
from tracehub.model.trace import Trace
from tracehub.replay.recording import RecordedFrame, Recording, Refusal
from tracehub.replay.timing import event_times, offsets, received_at

_HTTP_ERROR = 400
# What may stand in a header of HTTP, whatever the recording holds.
_TOKEN = re.compile(r"[0-9A-Za-z_.:-]{1,200}")


def recording_of(
    trace_id: str,
    events: Sequence[Event],
    knowledge: Knowledge,
    *,
    session_id: str | None = None,
    frames: tuple[RecordedFrame, ...] | None = None,
) -> Recording | None:
    """The call as it will be served; None where it has neither a stream nor an error.

    `events` may repeat, as a store keeps them. `frames` are the stream's own where they were recorded as such.
    """
    known = _in_stream_order(events)
    trace = assemble(trace_id, known, answers={}, prices=knowledge.prices, rules=knowledge.rules)
    request, response = _body(known, "request"), _body(known, "response")
    refusal = _refusal(known, mapping(response, "response"))
    if frames is None:
        frames = () if refusal else _frames(known, received_at(request))
    broken = text(mapping(response, "response"), "end") == "failed" and not _has_exception(known)
    if not frames and refusal is None and not broken:
        return None
    return Recording(
        agent_id=None if trace.agent.inline else trace.agent.agent_id,
        alias_id=None if trace.agent.inline else trace.agent.alias_id,
        session_id=session_id or trace.session_id or f"unreported-{trace_id}",
        input_text=_asked(trace, mapping(request, "request")),
        answers=trace.answers,
        request_id=_request_id(mapping(response, "response"), trace_id, known),
        began_at=_began_at(known, received_at(request), trace.started_at),
        frames=frames,
        refusal=refusal,
        broken=broken,
    )


def _in_stream_order(events: Sequence[Event]) -> list[Event]:
    """Each once, at the position that knows most of the stream before it."""
    best: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.index):
        best[event.event_id] = event
    return sorted(best.values(), key=lambda event: event.index)


def _began_at(events: Sequence[Event], asked_at: int | None, started_at: int | None) -> int | None:
    """When the request was sent, else when the first step began, else when the first message was sent."""
    if asked_at is not None or started_at is not None:
        return started_at if asked_at is None else asked_at
    return min((at for at in event_times(events) if at is not None), default=None)


def _body(events: Sequence[Event], kind: str) -> Json:
    return next((event.body for event in events if event.kind == kind), {})


def _has_exception(events: Sequence[Event]) -> bool:
    return any(event.kind == "exception" for event in events)


def _frames(events: Sequence[Event], asked_at: int | None) -> tuple[RecordedFrame, ...]:
    stream = [event for event in events if event.kind not in ("request", "response")]
    timed = zip(stream, offsets(event_times(stream), asked_at), strict=True)
    return tuple(
        RecordedFrame(offset, frame.event_type, frame.data) for event, offset in timed for frame in frames_of(event)
    )


def _refusal(events: Sequence[Event], response: Json) -> Refusal | None:
    """The error that came instead of a stream, as the recorder notes it: an exception alone, with an HTTP status."""
    status = integer(mapping(response, "ResponseMetadata"), "HTTPStatusCode")
    messages = [event for event in events if event.kind not in ("request", "response")]
    if status is None or status < _HTTP_ERROR or len(messages) != 1 or messages[0].kind != "exception":
        return None
    error = exception_of(messages[0])
    code = error.type[:1].upper() + error.type[1:]
    return Refusal(status, code if _TOKEN.fullmatch(code) else "InternalServerException", error.text or "")


def _asked(trace: Trace, request: Json) -> str | None:
    """An answer to returned control has no text of its own: the question in its prompts is the earlier call's."""
    return text(request, "inputText") if trace.answers else trace.question


def _request_id(response: Json, trace_id: str, events: Sequence[Event]) -> str | None:
    """AWS's, which is the top agent's run too."""
    told = text(mapping(response, "ResponseMetadata"), "RequestId")
    if told is not None and _TOKEN.fullmatch(told):
        return told
    if any(event.run_id == trace_id for event in events):
        return "-".join((trace_id[:8], trace_id[8:12], trace_id[12:16], trace_id[16:20], trace_id[20:]))
    return None
