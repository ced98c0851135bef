"""A whole response, `{"ResponseMetadata", "sessionId", "completion": […]}`, and the exchange document, which holds the
request too (envelope 4)."""

from typing import cast

import msgspec
import orjson

from tracehub.bedrock.envelopes.one_line import one_line
from tracehub.bedrock.found import Call, Findings, Message
from tracehub.bedrock.shapes import recognise
from tracehub.members import Json, mapping, text

_Members = dict[str, msgspec.Raw]
_NO_METADATA = ("completion", "request")


def is_response_document(body: Json) -> bool:
    """Whether `body` holds the messages of a call under `completion`."""
    return isinstance(body.get("completion"), list) and (
        "ResponseMetadata" in body or "request" in body or "sessionId" in body
    )


def read_response_document(body: Json, raw: bytes, findings: Findings) -> None:
    """Takes the request, the messages and the response's metadata as one call's."""
    members = msgspec.json.decode(raw, type=_Members)
    messages: list[Message] = []
    request = body.get("request")
    if isinstance(request, dict):
        messages.append(Message("request", {"request": request}, _labelled(b"request", members["request"]), None))
    completion = cast("list[object]", body["completion"])
    for value, value_raw in zip(
        completion, msgspec.json.decode(members["completion"], type=list[msgspec.Raw]), strict=True
    ):
        if message := _message(value, bytes(value_raw), findings):
            messages.append(message)
    if metadata := [name for name in body if name not in _NO_METADATA]:
        joined = b",".join(orjson.dumps(name) + b":" + one_line(bytes(members[name])) for name in metadata)
        response = {"response": {name: body[name] for name in metadata}}
        messages.append(Message("response", cast("Json", response), b'{"response":{' + joined + b"}}", None))
    kept = tuple(message for message in messages if _fits(message, findings))
    if not kept:
        findings.ignored += 1
        return
    findings.items.append(Call(kept, text(mapping(body, "ResponseMetadata"), "RequestId")))


def _labelled(name: bytes, raw: msgspec.Raw) -> bytes:
    return b'{"' + name + b'":' + one_line(bytes(raw)) + b"}"


def _message(value: object, raw: bytes, findings: Findings) -> Message | None:
    recognised = recognise(cast("Json", value)) if isinstance(value, dict) else None
    if recognised is None:
        findings.ignored += 1
        return None
    return Message(recognised[0], cast("Json", value), one_line(raw), recognised[1])


def _fits(message: Message, findings: Findings) -> bool:
    most = findings.limits.max_event_bytes
    if len(message.raw) > most:
        findings.quarantine(f"the event is larger than max_event_bytes ({most})", message.raw)
    return len(message.raw) <= most
