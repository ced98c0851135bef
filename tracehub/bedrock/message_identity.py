"""Names a message by its content."""

from tracehub.bedrock.chunks import chunk_text
from tracehub.bedrock.found import Message
from tracehub.bedrock.identity import event_id_of_content, event_id_of_part
from tracehub.members import Json, mapping, text

_REPEATING = ("chunk", "files", "exception")


def id_of(message: Message) -> str:
    """The message's id, its first occurrence assumed."""
    if message.part is not None:
        return event_id_of_part(message.part, 0)
    return event_id_of_content(message.kind, _content(message), 0)


def may_repeat(message: Message) -> bool:
    """Whether a stream may hold the same message twice, each meant."""
    return message.kind in _REPEATING


def return_control_id(message: Message) -> str | None:
    """The invocationId of a returnControl message."""
    return text(mapping(message.body, "returnControl"), "invocationId")


def _content(message: Message) -> object:
    match message.kind:
        case "chunk":
            return _chunk(mapping(message.body, "chunk"))
        case "return_control":
            return return_control_id(message) or mapping(message.body, "returnControl")
        case "files" | "request" | "response":
            return mapping(message.body, message.kind)
        case _:
            # When a recorder received it is not what it says.
            return {name: value for name, value in message.body.items() if name != "receivedAt"}


def _chunk(content: Json) -> object:
    data = chunk_text(content)
    return [data.decode("latin-1"), content.get("attribution")] if data else content
