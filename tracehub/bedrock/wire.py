"""Writes an event as the frames in which AWS sends it."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec

from tracehub.bedrock.chunks import chunk_text
from tracehub.bedrock.eventstream import encode_frame
from tracehub.bedrock.tolerant import encode
from tracehub.members import Json, mapping, mappings, text
from tracehub.model.part import Part, Step
from tracehub.model.record import Event

# Of these unions the content is the step; of the others it is a union again, with the step's member.
_WHOLE = ("guardrailTrace", "failureTrace", "customOrchestrationTrace")
_LONGEST_NAME = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WireFrame(msgspec.Struct, frozen=True):
    """One message of a response stream. `event_type` is the member of the stream's union, `data` the whole message."""

    event_type: str
    data: bytes


def frames_of(event: Event) -> tuple[WireFrame, ...]:
    """The event as AWS's stream has it; none for the request and the response, which are no part of the stream.

    What stands in the event in AWS's own shape keeps its bytes. Of a trace in another shape (a bare step, the console's
    merged one) the TracePart is written anew; one that merges several steps becomes as many frames, as the API's unions
    have one member.
    """
    match event.kind:
        case "trace":
            return tuple(_message("trace", payload) for payload in _parts(event))
        case "chunk":
            return (_message("chunk", _chunk(event)),)
        case "files":
            return (_message("files", _files(event)),)
        case "return_control":
            return (_message("returnControl", _member(event, "returnControl")),)
        case "exception":
            name = next(name for name, value in event.body.items() if isinstance(value, dict))
            return (exception_frame(name, _member(event, name)),)
        case "request" | "response":
            return ()


def exception_frame(name: str, payload: bytes) -> WireFrame:
    """The message that ends a stream with the exception `name` (`throttlingException`)."""
    headers = {
        ":exception-type": name[:_LONGEST_NAME],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return WireFrame(name[:_LONGEST_NAME], encode_frame(headers, payload))


def _message(event_type: str, payload: bytes) -> WireFrame:
    headers = {":event-type": event_type, ":content-type": "application/json", ":message-type": "event"}
    return WireFrame(event_type, encode_frame(headers, payload))


def _member(event: Event, name: str) -> bytes:
    """The bytes of one member of the event, its tokens untouched."""
    return bytes(msgspec.json.decode(event.raw, type=dict[str, msgspec.Raw])[name])


def _chunk(event: Event) -> bytes:
    """Its bytes are base64 in AWS's JSON, whatever the logger wrote."""
    content = mapping(event.body, "chunk")
    if "bytes" not in content:
        return _member(event, "chunk")
    encoded = base64.b64encode(chunk_text(content)).decode()
    return _member(event, "chunk") if content["bytes"] == encoded else encode({**content, "bytes": encoded})


def _files(event: Event) -> bytes:
    files = mappings(mapping(event.body, "files"), "files")
    if all(_is_base64(file.get("bytes", "")) for file in files):
        return _member(event, "files")
    whole = [
        file if _is_base64(file.get("bytes", "")) else {**file, "bytes": base64.b64encode(chunk_text(file)).decode()}
        for file in files
    ]
    return encode({"files": whole})


def _is_base64(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        return not value
    return True


def _parts(event: Event) -> Iterator[bytes]:
    if _is_wire_shaped(mapping(event.body, "trace")):
        yield _member(event, "trace")
    elif event.part is not None:
        for step in event.part.steps or event.part.unknown:
            yield encode(_part(event.part, step))


def _is_wire_shaped(part: Json) -> bool:
    """Whether it is a TracePart whose unions have one member each, which is what boto3 accepts."""
    union = part.get("trace")
    if not isinstance(union, dict) or len(union) != 1:
        return False
    name, content = next(iter(cast("Json", union).items()))
    return isinstance(content, dict) and (name in _WHOLE or len(content) == 1)


def _part(part: Part, step: Step) -> Json:
    known = {
        "agentId": part.agent_id,
        "agentAliasId": part.alias_id,
        "agentVersion": part.version,
        "sessionId": part.session_id,
        "callerChain": [{"agentAliasArn": arn} for arn in part.chain] or None,
        "collaboratorName": part.collaborator,
        "eventTime": None if part.event_time is None else _iso(part.event_time),
    }
    value = step.value
    if step.step_id is not None and text(value, "traceId") is None:
        value = {**value, "traceId": step.step_id}
    content: Json = value if step.member == step.union else {step.member: value}
    return {**{name: told for name, told in known.items() if told is not None}, "trace": {step.union: content}}


def _iso(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")
