"""Notes beside a message when it arrived, which AWS's answer itself does not say of every message."""

import msgspec

from tracehub.bedrock.found import Message
from tracehub.members import Json

MEMBER = "receivedAt"


def arrived(message: Message, at: str) -> Message:
    """The message with `at`, an ISO 8601 time, beside it."""
    raw = message.raw.rstrip()[:-1] + (b"," if message.body else b"")
    return Message(
        message.kind,
        {**message.body, MEMBER: at},
        raw + b'"receivedAt":' + msgspec.json.encode(at) + b"}",
        message.part,
    )


def framed(name: str, content: Json, encoded: bytes | None = None) -> Message:
    """A request, or what is known of a response, as a message: `{"request": …}`; `encoded` is how it came."""
    raw = b'{"' + name.encode() + b'":' + (encoded or msgspec.json.encode(content)) + b"}"
    return Message("request" if name == "request" else "response", {name: content}, raw, None)
