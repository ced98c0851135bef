"""A decoded stream kept as `{"events": [{"headers", "payload"}]}` (the form of the project's captures)."""

from typing import cast

import msgspec

from tracehub.bedrock.envelopes.stream_message import read_stream_message
from tracehub.bedrock.found import Call, Findings
from tracehub.members import Json, mapping

_Raws = list[dict[str, msgspec.Raw]]


def is_captured_stream(body: Json) -> bool:
    """Whether every event in `body` has headers and a payload."""
    events = body.get("events")
    return (
        isinstance(events, list)
        and bool(events)
        and all(
            isinstance(event, dict) and isinstance(event.get("headers"), dict) and "payload" in event
            for event in events
        )
    )


def read_captured_stream(body: Json, raw: bytes, findings: Findings) -> None:
    """Takes the messages as one call's."""
    raws = msgspec.json.decode(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])["events"], type=_Raws)
    messages = []
    for event, members in zip(cast("list[Json]", body["events"]), raws, strict=True):
        payload = bytes(members["payload"])
        if message := read_stream_message(mapping(event, "headers"), payload, payload, findings):
            messages.append(message)
    findings.items.append(Call(tuple(messages)))
