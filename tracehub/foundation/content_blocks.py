"""Reads the contents of JSON messages: Anthropic's blocks, Converse's (Nova's too), and texts in either."""

from collections.abc import Iterator

import msgspec

from tracehub.foundation.java_text import is_java_text, java_parts
from tracehub.foundation.message_parts import MessagePart
from tracehub.foundation.xml_text import xml_parts
from tracehub.members import Json, mapping, text

REDACTED = "[redacted by the model]"


def content_parts(content: object, role: str | None = "assistant") -> tuple[MessagePart, ...]:
    """The parts of a message's `content`: a text, a block, or a list of blocks. Nothing is left out but nulls.

    XML is read where `role` writes it: an assistant its thoughts and calls, a user the results. Elsewhere, as in
    instructions that explain the notation, it is text.
    """
    if content is None:
        return ()
    items = content if isinstance(content, list) else [content]
    return tuple(part for item in items for part in _item(item, role))


def as_json(value: object) -> str:
    """`value` as JSON text; of an object only the members that say something."""
    if isinstance(value, dict):
        value = {name: member for name, member in value.items() if member is not None}
    return msgspec.json.encode(value).decode()


def _item(item: object, role: str | None) -> Iterator[MessagePart]:
    if isinstance(item, str):
        yield from _text(item, role)
    elif isinstance(item, dict):
        yield from _block(item, role)
    elif item is not None:
        yield MessagePart("json", as_json(item))


def _text(content: str, role: str | None) -> Iterator[MessagePart]:
    if not is_java_text(content):
        yield from _marked_up(content, role)
        return
    for part in java_parts(content):
        if part.kind == "text":
            yield from _marked_up(part.text, role)
        else:
            yield part


def _marked_up(content: str, role: str | None) -> tuple[MessagePart, ...]:
    if role == "assistant" or (role == "user" and content.lstrip().startswith("<function_results>")):
        return xml_parts(content)
    return (MessagePart("text", content),) if content.strip() else ()


def _block(block: Json, role: str | None) -> Iterator[MessagePart]:
    known = list(_known(block, role))
    yield from known
    if not known and any(member is not None for member in block.values()):
        yield MessagePart("json", as_json(block))


def _known(block: Json, role: str | None) -> Iterator[MessagePart]:
    kind = text(block, "type")
    if kind == "tool_use":
        yield MessagePart("tool_use", _said(block.get("input")), text(block, "name"), text(block, "id"))
    elif kind == "tool_result":
        failed = block.get("is_error") is True
        yield MessagePart("tool_result", _result(block.get("content"), failed), id=text(block, "tool_use_id"))
    elif (said := text(block, "text")) is not None:
        yield from _text(said, role)
    elif (thought := text(block, "thinking") or text(block, "reasoningText")) is not None:
        yield MessagePart("reasoning", thought)
    elif kind == "redacted_thinking":
        yield MessagePart("reasoning", REDACTED)
    if use := mapping(block, "toolUse"):
        yield MessagePart("tool_use", _said(use.get("input")), text(use, "name"), text(use, "toolUseId"))
    if result := mapping(block, "toolResult"):
        failed = text(result, "status") == "error"
        yield MessagePart("tool_result", _result(result.get("content"), failed), id=text(result, "toolUseId"))
    if thinking := mapping(block, "reasoningContent"):
        thought = text(mapping(thinking, "reasoningText"), "text")
        if thought or thinking.get("redactedContent"):
            yield MessagePart("reasoning", thought or REDACTED)
    yield from _media(block, kind)


def _media(block: Json, kind: str | None) -> Iterator[MessagePart]:
    for name in ("image", "document", "video"):
        medium = mapping(block, name) or (mapping(block, "source") if kind == name else {})
        if medium:
            form = text(medium, "format") or text(medium, "media_type") or "format not reported"
            shown = text(medium, "name")
            yield MessagePart("document" if name == "document" else "image", f"[{name}: {form}]", shown)


def _result(content: object, failed: bool) -> str:
    """A tool's result as one text: its text blocks as they are, other blocks as JSON."""
    items = content if isinstance(content, list) else [content]
    said = "\n".join(_said(_lone_text(item)) for item in items)
    return f"[error] {said}" if failed else said


def _lone_text(item: object) -> object:
    return item["text"] if isinstance(item, dict) and isinstance(item.get("text"), str) else item


def _said(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else as_json(value)
