"""Takes a prompt apart into its messages."""

import re
from collections.abc import Iterator

from tracehub.foundation.content_blocks import as_json, content_parts
from tracehub.foundation.lenient_json import parsed
from tracehub.foundation.message_parts import Message, MessagePart
from tracehub.members import Json, text

# Text prompts of 2024 mark their turns so; a template may begin with one.
TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def messages(prompt: str | None) -> tuple[Message, ...]:
    """The prompt's messages in order, the system's first. A prompt of unknown form is one message without a role."""
    if not prompt:
        return ()
    if prompt.lstrip()[:1] == "{" and (document := parsed(prompt)) is not None:
        try:
            return tuple(_of_json(document, prompt))
        except RecursionError:
            return (Message(None, (MessagePart("json", prompt),)),)
    turns = list(TURN.finditer(prompt))
    if any(turn[1] == "Human" for turn in turns):
        return tuple(_of_turns(prompt, turns))
    return (Message(None, (MessagePart("text", prompt),)),)


def _of_json(document: Json, prompt: str) -> Iterator[Message]:
    turns = document.pop("messages", None)
    if not isinstance(turns, list):
        yield Message(None, (MessagePart("json", prompt),))
        return
    if instructions := content_parts(document.pop("system", None), "system"):
        yield Message("system", instructions)
    others = {name: value for name, value in document.items() if value is not None}
    if others:
        yield Message(None, tuple(MessagePart("json", as_json(value), name) for name, value in others.items()))
    for turn in turns:
        if isinstance(turn, dict) and "content" in turn:
            role = text(turn, "role")
            yield Message(role, content_parts(turn["content"], role))
        else:
            yield Message(None, (MessagePart("json", as_json(turn)),))


def _of_turns(prompt: str, turns: list[re.Match[str]]) -> Iterator[Message]:
    if instructions := prompt[: turns[0].start()].strip():
        yield Message("system", (MessagePart("text", instructions),))
    ends = [turn.start() for turn in turns[1:]] + [len(prompt)]
    for turn, end in zip(turns, ends, strict=True):
        role = _ROLES[turn[1]]
        yield Message(role, content_parts(prompt[turn.end() : end].strip(), role))
