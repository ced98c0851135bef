"""Reads message contents that Bedrock's agent wrote with Java's `toString`: `[{text=…, type=text}, {input={…}, …}]`.

That notation quotes nothing, so texts may hold its own signs: blocks are told apart by how they begin, their members by
what stands at the block's two ends. What fits no known block is shown whole.
"""

import re
from collections.abc import Iterator

from tracehub.foundation.message_parts import MessagePart

_BLOCK = re.compile(r"(?:\A\[|\}, )\{(?=text=|type=text|input=|tool_use_id=|toolUse=|toolUseId=|toolResult=|\})")
_CALLED = re.compile(r"([^,={}]{1,300})(?:, id=([^,={}]{1,300}))?(?:, toolUseId=([^,={}]{1,300}))?(?:, type=tool_use)?")
_RESULT = re.compile(r"tool_use_id=([^,={}]{1,300}), type=tool_result(?:, is_error=(\w{1,10}))?, content=")
_CONVERSE_RESULT = re.compile(r"toolResult=\{toolUseId=([^,={}]{1,300}), content=")
_STATUS = re.compile(r", status=(\w{1,30})\}\Z")
_CONTENT_START = "type=text, source=null, text="
_CONTENT_END = ", reasoningText="
_NULLS = re.compile(r"(?:, \w{1,60}=null)+")


def is_java_text(content: str) -> bool:
    """Whether `content` begins as a list of blocks, or a lone text block."""
    return content.startswith("{text=") or _BLOCK.match(content) is not None


def java_parts(content: str) -> tuple[MessagePart, ...]:
    """The content's blocks; empty ones are left out."""
    if content.startswith("{text="):
        return tuple(_part(_cut(content[1:], "}")))
    starts = list(_BLOCK.finditer(content))
    ends = [start.start() for start in starts[1:]]
    inner = [content[start.end() : end] for start, end in zip(starts, ends, strict=False)]
    inner.append(_cut(_cut(content[starts[-1].end() :], "]"), "}"))
    return tuple(part for block in inner for part in _part(block))


def _part(block: str) -> Iterator[MessagePart]:
    if block.startswith("text="):
        yield MessagePart("text", _cut(block[5:], ", type=text"))
    elif block.startswith("type=text, text="):
        yield MessagePart("text", block[16:])
    elif block.startswith(("input=", "toolUse=", "toolUseId=")):
        yield _use(block)
    elif found := _RESULT.match(block):
        yield MessagePart("tool_result", _result(block[found.end() :], found[2] == "true"), id=found[1])
    elif found := _CONVERSE_RESULT.match(block):
        status = _STATUS.search(block)
        said = block[found.end() : status.start() if status else len(block)]
        yield MessagePart("tool_result", _result(said, status is not None and status[1] == "error"), id=found[1])
    elif block:
        yield MessagePart("text", f"{{{block}}}")


def _use(block: str) -> MessagePart:
    inner = _cut(block[9:], "}") if block.startswith("toolUse={") else block
    identity = re.match(r"toolUseId=([^,={}]{1,300}), ", inner)
    if identity:
        inner = inner[identity.end() :]
    arguments, _, rest = inner.rpartition(", name=")
    called = _CALLED.fullmatch(rest)
    if called is None or not arguments.startswith("input="):
        return MessagePart("text", f"{{{block}}}")
    use_id = identity[1] if identity else called[2] or called[3]
    return MessagePart("tool_use", arguments[6:], called[1], use_id)


def _result(said: str, failed: bool) -> str:
    if said.startswith("[Content{") and said.endswith("}]"):
        said = "\n".join(_content(piece) for piece in said[9:-2].split("}, Content{"))
    return f"[error] {said}" if failed else said


def _content(piece: str) -> str:
    """The text of `type=text, source=null, text=…, reasoningText=null, …`, or the piece where it says more."""
    text, mark, rest = piece.rpartition(_CONTENT_END)
    if text.startswith(_CONTENT_START) and _NULLS.fullmatch(mark + rest):
        return text[len(_CONTENT_START) :]
    return piece


def _cut(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)
