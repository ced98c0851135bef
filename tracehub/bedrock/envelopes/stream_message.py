"""One message of a response stream, whose headers say what its payload is (envelope 1)."""

from collections.abc import Mapping
from typing import cast

import orjson

from tracehub.bedrock.envelopes.one_line import one_line
from tracehub.bedrock.found import Findings, Message
from tracehub.bedrock.literal import LiteralError
from tracehub.bedrock.shapes import recognise
from tracehub.bedrock.tolerant import encode, is_too_deep, read_value
from tracehub.members import Json

_EVENTS = ("trace", "chunk", "returnControl", "files")


def read_stream_message(
    headers: Mapping[str, object], payload: bytes, whole: bytes, findings: Findings
) -> Message | None:
    """The message, or None where it went to `findings` as no part of a trace or, with its bytes `whole`, as broken."""
    name = _member_name(headers)
    if name is None:
        findings.ignored += 1
        return None
    if name == "error":
        name = _lower_first(str(headers.get(":error-code") or "internalServerException"))
        payload = encode({"message": str(headers.get(":error-message") or "")})
    try:
        body, raw = _wrapped(name, payload, findings.limits.max_depth)
    except LiteralError as error:
        findings.quarantine(f"the payload of a {name} message is not JSON: {error}", whole)
        return None
    if len(raw) > findings.limits.max_event_bytes:
        findings.quarantine(f"the event is larger than max_event_bytes ({findings.limits.max_event_bytes})", whole)
        return None
    recognised = recognise(body)
    if recognised is None and name.endswith("Exception"):
        recognised = ("exception", None)
    if recognised is None:
        findings.quarantine(f"the payload of a {name} message does not have the members of one", whole)
        return None
    return Message(recognised[0], body, raw, recognised[1])


def _member_name(headers: Mapping[str, object]) -> str | None:
    """The member of the response stream's union; "error" for an error without a payload; None where it is none."""
    kind = headers.get(":message-type")
    if kind == "exception":
        return _lower_first(str(headers.get(":exception-type") or "internalServerException"))
    if kind == "error":
        return "error"
    event = headers.get(":event-type")
    return event if isinstance(event, str) and (event in _EVENTS or event.endswith("Exception")) else None


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _wrapped(name: str, payload: bytes, max_depth: int) -> tuple[Json, bytes]:
    """The payload under its member's name: parsed, and as one line of JSON."""
    label = orjson.dumps(name)
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        text = payload.decode("utf-8", "surrogateescape").strip()
        value, end = read_value(text, 0, max_depth)
        if end < len(text):
            raise LiteralError("something follows the value", end) from None
        payload = encode(value)
        value = orjson.loads(payload)
    body = cast("Json", {name: value})
    if payload.count(b"[") + payload.count(b"{") >= max_depth and is_too_deep(body, max_depth):
        raise LiteralError(f"it is nested deeper than max_depth ({max_depth})", 0)
    return body, b"{" + label + b":" + one_line(payload) + b"}"
