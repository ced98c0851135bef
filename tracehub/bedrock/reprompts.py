"""Finds the error with which Bedrock silently asks a model again after a malformed call."""

import contextlib
import json
import re

# The last message lies in the tail; reading no further keeps a long history cheap.
_TAIL = 8000
_MARKS = ("</function_results>", "status=error", "is_error=true", '"status":"error"', '"is_error":true')
_MALFORMED = re.compile(r"\s*(?:[45]\d\d: |(?:Error: )?The function call format is incorrect)")
_LATER = ('"role":"user"', "\n\nHuman:")
_PREFILL = 400
_ENDING = 600
_JAVA_ENDS = (", status=error", ", is_error=true", '}]"')
_JAVA_CONTENT = "[Content{type=text, source=null, text="
_JSON_ERRORS = (
    re.compile(r'"text":"((?:[^"\\]|\\.){1,4000})"\}\],"status":"error"'),
    re.compile(r'"content":"((?:[^"\\]|\\.){1,4000})","is_error":true'),
)


def silent_reprompt(prompt: str) -> str | None:
    """The error that stands at the end of this prompt as the result of a call, or None.

    Such a result with no tool between this model step and the one before says that the step before was malformed.
    """
    ending = prompt[-_ENDING:].replace("<\\/", "</")
    end, mark = max(((ending.rfind(mark) + len(mark), mark) for mark in _MARKS if mark in ending), default=(0, ""))
    if not mark or not _is_last(ending[end:]):
        return None
    tail = prompt[-_TAIL:].replace("<\\/", "</")
    said = _xml_error(tail) if mark == "</function_results>" else _block_error(tail)
    return _unescaped(said) if said else None


def _is_last(rest: str) -> bool:
    """Whether `rest`, behind the result, holds no later message but the beginning of the model's answer."""
    role = rest.find('"role":"user"}', 0, 200)
    rest = rest[role + 14 :] if role >= 0 else rest
    return len(rest) <= _PREFILL and not any(later in rest for later in _LATER)


def _xml_error(tail: str) -> str | None:
    """The text of the last result, if it is an error."""
    start = tail.rfind("<function_results>")
    results = tail[start:] if start >= 0 else tail
    error = results.rfind("<error>")
    opened = results.rfind("<stdout>")
    closed = results.rfind("</stdout>")
    if 0 <= opened < closed:
        said = results[opened + 8 : closed]
        return said if 0 <= error < opened or _MALFORMED.match(said) else None
    return results[error + 7 :].partition("</error>")[0] if error >= 0 else None


def _block_error(tail: str) -> str | None:
    """The text of the last result, which says of itself that it is an error."""
    start = max(tail.rfind("tool_use_id="), tail.rfind("toolResult="))
    if start < 0:
        found = [match for pattern in _JSON_ERRORS for match in pattern.finditer(tail)]
        return found[-1][1] if found else None
    _, _, said = tail[start:].partition("content=")
    for end in _JAVA_ENDS:
        if end in said:
            said = said[: said.rfind(end)]
            break
    return said.removeprefix(_JAVA_CONTENT).partition(", reasoningText=null")[0]


def _unescaped(said: str) -> str:
    """The text without JSON's escapes, where it stood in JSON."""
    with contextlib.suppress(ValueError):  # plain text is no JSON
        said = str(json.loads(f'"{said}"', strict=False))
    return said.strip()
