"""Tells by its words whether a piece of text was meant to be a part of a trace."""

import re

from tracehub.bedrock.shapes import UNIONS

_WORDS = (
    "traceId",
    *UNIONS,
    "modelInvocation",
    "actionGroupInvocation",
    "callerChain",
    "agentAliasId",
    "returnControl",
    '":event-type"',
    'tracehub":',
    'tracehub\\":',
)
_MEMBERS = ("trace", "chunk", "completion", "files", "Exception")
_MEMBER = re.compile(r"[\"'](?:trace|chunk|completion|files|\w{1,40}Exception)\\*+[\"']\s*+:\s*+[\[{]")
_UNION_MEMBER = re.compile(rf"\"(?:{'|'.join(UNIONS)})\"\s*+:".encode())


def looks_like_trace(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether words that only traces hold stand in this part of a text."""
    stop = len(text) if end is None else end
    # Many searches for a word each take far less time than one for a pattern of all.
    if any(text.find(word, start, stop) >= 0 for word in _WORDS):
        return True
    if all(text.find(word, start, stop) < 0 for word in _MEMBERS):
        return False
    return _MEMBER.search(text, start, stop) is not None


def names_a_trace(data: bytes) -> bool:
    """Whether JSON has a member that only traces have."""
    return _UNION_MEMBER.search(data) is not None
