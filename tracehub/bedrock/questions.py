"""Finds the user's question in a prompt."""

import re
from collections.abc import Iterator

from tracehub.foundation.java_text import is_java_text, java_parts
from tracehub.foundation.lenient_json import parsed
from tracehub.foundation.prompts import TURN
from tracehub.members import Json, mappings, text

# Where AWS's templates put the question of their own accord: pre-processing and orchestration of 2024, routing.
_WRAPPED = re.compile(
    r"[Tt]he user(?:'s)? input is <(?P<tag>question|input)>(?P<asked>.*?)</(?P=tag)>"
    r"|<last_user_request>(?P<routed>.*?)</last_user_request>",
    re.DOTALL,
)
_APPENDED = re.compile(r"\.?\s*Please take a deep breath and categorize the (?:above )?input\b.{0,300}\Z", re.DOTALL)
_TURN = '{"content":"'
_ENDS = ('"role":"user"}]}', '"role":"assistant"}]}')
_RESULTS = ("<function_results>", "<function_result>")
_JAVA_RESULTS = ("[{tool_use_id=", "[{toolResult=")
# A lone message that opens with instructions holds them and the question in one: where it begins cannot be told.
_LONGEST_LONE_QUESTION = 1000
_INSTRUCTS = re.compile(r"\s*(?:You are |Here is |Here are |Your (?:job|task) |I will provide )")


def question(prompt: str | None) -> str | None:
    """What the user asked last in this prompt; results of tools are no questions. None where that is unsure."""
    if not prompt:
        return None
    if not prompt.startswith("{"):
        return _in_turns(prompt)
    for turn in _turns_from_the_end(prompt):
        if turn.get("role") == "user" and (said := _said(turn.get("content"))):
            return _asked(said, prompt)
    return None


def _turns_from_the_end(prompt: str) -> Iterator[Json]:
    """A JSON prompt's messages, the last first.

    As Bedrock writes them they can be read from the end one by one, which spares the long instructions at the head:
    inside a JSON string `_TURN` could only stand with its quotes escaped.
    """
    read = 0
    if prompt.endswith(_ENDS):
        end = len(prompt) - 2
        while (start := prompt.rfind(_TURN, 0, end)) > 0:
            turn = parsed(prompt[start:end])
            if turn is None or turn.keys() != {"content", "role"}:
                break
            yield turn
            read += 1
            if prompt[start - 1] != ",":
                return
            end = start - 1
    yield from mappings(parsed(prompt) or {}, "messages")[::-1][read:]


def _in_turns(prompt: str) -> str | None:
    """The question of a text prompt with `Human:` turns."""
    if "Human:" not in prompt:
        return None
    asked = None
    turns = list(TURN.finditer(prompt))
    ends = [*(turn.start() for turn in turns[1:]), len(prompt)]
    for turn, end in zip(turns, ends, strict=False):
        if turn[1] == "Human":
            said = prompt[turn.end() : end].strip()
            asked = asked if said.startswith(_RESULTS) else said or asked
    return _asked(asked, prompt) if asked else None


def _said(content: object) -> str | None:
    """The message's own text without results of tools, or None."""
    items = content if isinstance(content, list) else [content]
    texts = []
    for item in items:
        words = item if isinstance(item, str) else _block_text(item)
        if words is None or _is_result(words):
            continue
        if is_java_text(words):
            texts += [part.text for part in java_parts(words) if part.kind == "text"]
        else:
            texts.append(words)
    return "\n".join(texts).strip() or None


def _is_result(words: str) -> bool:
    """Whether the text is a tool's result alone; a text block may stand behind one written by Java."""
    start = words[:100].lstrip()
    return start.startswith(_RESULTS) or (start.startswith(_JAVA_RESULTS) and "}, {text=" not in words)


def _block_text(item: object) -> str | None:
    if not isinstance(item, dict) or item.get("toolResult") or item.get("type") == "tool_result":
        return None
    return text(item, "text")


def _asked(said: str, prompt: str) -> str | None:
    wrapped = None
    for wrapped in _WRAPPED.finditer(said):  # noqa: B007 - the last one counts
        pass
    if wrapped is not None:
        return (wrapped["asked"] or wrapped["routed"] or "").strip() or None
    if len(said) > _LONGEST_LONE_QUESTION and _INSTRUCTS.match(said) and not (parsed(prompt) or {}).get("system"):
        return None
    if said.startswith("{") and (inner := _lone_text(parsed(said))):
        said = inner
    said = _APPENDED.sub("", said.removeprefix("Human:")).strip()
    return said or None


def _lone_text(document: Json | None) -> str | None:
    return text(document, "text") if document is not None and len(document) == 1 else None
