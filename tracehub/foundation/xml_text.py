"""Reads the XML that older prompt templates make a model write: thinking, function calls, function results."""

import re
from collections.abc import Iterator

from tracehub.foundation.message_parts import MessagePart

_THOUGHT_END = "</thinking>"
_SECTION = re.compile(r"<(thinking|function_calls|function_results)>")
_TOOL = re.compile(r"<tool_name>([^<]{1,300})</tool_name>")
_CALL = "<invoke>"
_RESULTS = re.compile(r"<(?:result|error)>")
_WRAPPING = re.compile(r"</?(?:invoke|parameters|result|error|stdout|stderr)>")


def xml_parts(text: str) -> tuple[MessagePart, ...]:
    """The text's sections in order; one that is cut off, as at a stop sequence, reaches to the end.

    A continued thought (the prompt opened `<thinking>`, the completion closes it) is reasoning too.
    """
    parts: list[MessagePart] = []
    position = 0
    closed = text.find(_THOUGHT_END)
    if closed >= 0 and "<thinking>" not in text[:closed]:
        parts += _plain(text[:closed], "reasoning")
        position = closed + len(_THOUGHT_END)
    while (opened := _SECTION.search(text, position)) is not None:
        parts += _plain(text[position : opened.start()], "text")
        end = f"</{opened[1]}>"
        closed = text.find(end, opened.end())
        inner = text[opened.end() : closed if closed >= 0 else len(text)]
        parts += _section(opened[1], inner)
        position = closed + len(end) if closed >= 0 else len(text)
    parts += _plain(text[position:], "text")
    return tuple(parts)


def _section(tag: str, inner: str) -> Iterator[MessagePart]:
    if tag == "thinking":
        yield from _plain(inner, "reasoning")
    elif tag == "function_calls":
        for call in inner.split(_CALL):
            yield from _tool(call, "tool_use")
    else:
        for result in _RESULTS.split(inner):
            yield from _tool(result, "tool_result")


def _tool(inner: str, kind: str) -> Iterator[MessagePart]:
    named = _TOOL.search(inner)
    said = inner if named is None else inner[: named.start()] + inner[named.end() :]
    said = _WRAPPING.sub("", said).strip()
    if named is not None or said:
        name = named[1].strip() if named is not None else None
        yield MessagePart("tool_use" if kind == "tool_use" else "tool_result", said, name)


def _plain(text: str, kind: str) -> Iterator[MessagePart]:
    if text.strip():
        yield MessagePart("reasoning" if kind == "reasoning" else "text", text.strip())
