"""A prompt's or completion's pieces, as people read them."""

from typing import Literal

import msgspec

PartKind = Literal["text", "tool_use", "tool_result", "image", "document", "reasoning", "json"]


class MessagePart(msgspec.Struct, frozen=True):
    """One piece of a message. `name` is the tool's, `id` joins a tool's use and its result."""

    kind: PartKind
    text: str
    name: str | None = None
    id: str | None = None


class Message(msgspec.Struct, frozen=True):
    """What one side said: system, user or assistant; None where the prompt does not tell."""

    role: str | None
    parts: tuple[MessagePart, ...]
