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
    marks = list(TURN.finditer(prompt))
    if any(mark[1] == "Human" for mark in marks):
        return tuple(_of_turns(prompt, marks))
    return (Message(None, (MessagePart("text", prompt),)),)


def instructions(system: object) -> Message | None:
    """What a request's `system` says; None where that is nothing."""
    parts = content_parts(system, "system")
    return Message("system", parts) if parts else None


def settings(members: Json) -> Message | None:
    """What a request holds beside `system` and `messages`, member by member; None where that is nothing."""
    known = {name: value for name, value in members.items() if value is not None}
    parts = tuple(MessagePart("json", as_json(value), name) for name, value in known.items())
    return Message(None, parts) if parts else None


def turn(value: object) -> Message:
    """One of a request's `messages`."""
    if isinstance(value, dict) and "content" in value:
        role = text(value, "role")
        return Message(role, content_parts(value["content"], role))
    return Message(None, (MessagePart("json", as_json(value)),))


def _of_json(document: Json, prompt: str) -> Iterator[Message]:
    turns = document.pop("messages", None)
    if not isinstance(turns, list):
        yield Message(None, (MessagePart("json", prompt),))
        return
    said = (instructions(document.pop("system", None)), settings(document), *map(turn, turns))
    yield from (message for message in said if message is not None)


def _of_turns(prompt: str, turns: list[re.Match[str]]) -> Iterator[Message]:
    if before := prompt[: turns[0].start()].strip():
        yield Message("system", (MessagePart("text", before),))
    ends = [mark.start() for mark in turns[1:]] + [len(prompt)]
    for mark, end in zip(turns, ends, strict=True):
        role = _ROLES[mark[1]]
        yield Message(role, content_parts(prompt[mark.end() : end].strip(), role))
