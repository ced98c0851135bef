"""Reads the escapes of Python's and JSON's string literals."""

import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "a": "\a",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "/": "/",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LAST_CHARACTER = 0x10FFFF


def text_of(token: str) -> str:
    """The text of a string literal with its quotes; a surrogate without its other half becomes U+FFFD."""
    return whole_characters(_unescaped(token))


def bytes_of(token: str) -> bytes | None:
    """The bytes of a bytes literal, or None where it holds what is no byte."""
    try:
        return _unescaped(token).encode("latin-1")
    except UnicodeEncodeError:
        return None


def whole_characters(text: str) -> str:
    """`text` with its surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(token: str) -> str:
    quote = token[-1]
    start = token.index(quote)
    content = token[start + 1 : -1]
    if "\\" not in content or "r" in token[:start].lower():
        return content
    return _ESCAPE.sub(_character, content)


def _character(found: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if digits := found.group(group):
            code = int(digits, base)
            return chr(code) if code <= _LAST_CHARACTER else "\ufffd"
    return _NAMED.get(found.group(5), found.group(0))
