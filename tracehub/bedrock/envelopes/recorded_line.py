"""One line of `tracehub.recorder`: a message of a call, with the call's request id and its place in the stream."""

from typing import cast

import msgspec

from tracehub.bedrock.arrival_times import arrived, framed
from tracehub.bedrock.envelopes.one_line import one_line
from tracehub.bedrock.found import Findings, Message, Recorded
from tracehub.bedrock.shapes import recognise
from tracehub.members import Json, integer, text

FORMAT = 1
_MEMBERS = ("event", "request", "response")


def is_recorded_line(body: Json) -> bool:
    """Whether the recorder wrote `body`, be it a newer one."""
    return "tracehub" in body and isinstance(body.get("requestId"), str)


def read_recorded_line(body: Json, raw: bytes, findings: Findings) -> None:
    """Takes the message, with the time of its arrival beside it as `receivedAt`."""
    if body["tracehub"] != FORMAT:
        findings.quarantine(
            f"a recorder of format {body['tracehub']} wrote it; this tracehub reads format {FORMAT}", raw
        )
        return
    members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    name = next((name for name in _MEMBERS if isinstance(body.get(name), dict)), None)
    message = _message(name, body, members) if name else None
    if message is None:
        findings.quarantine("a recorded line holds no message that this tracehub knows", raw)
    elif len(message.raw) > findings.limits.max_event_bytes:
        findings.quarantine(f"the event is larger than max_event_bytes ({findings.limits.max_event_bytes})", raw)
    else:
        recorded = Recorded(message, str(body["requestId"]), integer(body, "index"), integer(body, "repeat") or 0)
        findings.items.append(recorded)


def _message(name: str, body: Json, members: dict[str, msgspec.Raw]) -> Message | None:
    inner = one_line(bytes(members[name]))
    content = cast("Json", body[name])
    recognised = recognise(content)
    if name == "event":
        message = Message(recognised[0], content, inner, recognised[1]) if recognised else None
    else:
        message = framed(name, content, inner)
    at = text(body, "at")
    return message if message is None or at is None else arrived(message, at)
