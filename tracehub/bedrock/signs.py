"""Tells by its words whether a piece of text was meant to be a part of a trace."""

import re

from tracehub.bedrock.shapes import UNIONS

_UNIONS = "|".join(UNIONS)
_WORDS = (
    rf"{_UNIONS}|modelInvocation(?:Input|Output)|actionGroupInvocation|callerChain|agentAliasId"
    r"|returnControl|[\"']traceId\\*[\"']|[\"'](?:trace|chunk|completion|files|\w{1,40}Exception)\\*[\"']\s*+:\s*+[\[{]"
)
_WORDS_IN_TEXT = re.compile(_WORDS)
_UNION_MEMBER = re.compile(rf"\"(?:{_UNIONS})\"\s*+:".encode())


def looks_like_trace(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether words that only traces hold stand in this part of a text."""
    return _WORDS_IN_TEXT.search(text, start, len(text) if end is None else end) is not None


def names_a_trace(data: bytes) -> bool:
    """Whether JSON has a member that only traces have."""
    return _UNION_MEMBER.search(data) is not None
