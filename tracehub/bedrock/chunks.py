"""Reads the text of a chunk in every form that loggers write its bytes."""

import binascii
import codecs
import re

from tracehub.bedrock.literal_strings import bytes_of
from tracehub.members import Json

_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]*+={0,2}+\s*+\Z")
_LITERAL = re.compile(r"""[bB](?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")\Z""", re.DOTALL)
# A character of UTF-8 has at most 4 bytes; shorter pieces of base64 must stand for whole ones.
_SHORT = 12
_UTF_8 = codecs.getincrementaldecoder("utf-8")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def chunk_text(content: Json) -> bytes:
    """The bytes of a chunk's content, UTF-8 text in practice; empty where it has none.

    Understands base64, plain text, a `b'…'` literal, a list of byte values, and a Uint8Array as
    JSON.stringify writes it: `{"0": 84, "1": …}`. Text that could be base64 counts as plain where decoding gives no
    plausible text.
    """
    value = content.get("bytes")
    match value:
        case str():
            return _from_text(value)
        case list():
            return _from_numbers(value)
        case dict():
            data = value.get("data")
            if isinstance(data, list):
                return _from_numbers(data)
            return _from_numbers([value.get(str(place)) for place in range(len(value))])
        case _:
            return b""


def _from_text(value: str) -> bytes:
    if _LITERAL.match(value) and (written := bytes_of(value)) is not None:
        return written
    if len(value) % 4 == 0 and _BASE64.match(value):
        try:
            decoded = binascii.a2b_base64(value)
        except binascii.Error:
            return value.encode("utf-8", "replace")
        if _plausible(decoded):
            return decoded
    return value.encode("utf-8", "replace")


def _plausible(decoded: bytes) -> bool:
    """Whether it is UTF-8; a stream may cut it inside the first and the last character."""
    short = len(decoded) <= _SHORT
    cut = 0
    while not short and cut < 3 and 0x80 <= decoded[cut] < 0xC0:
        cut += 1
    try:
        return not _CONTROL.search(_UTF_8().decode(decoded[cut:], final=short))
    except UnicodeDecodeError:
        return False


def _from_numbers(values: list[object]) -> bytes:
    if all(isinstance(value, int) and 0 <= value < 256 for value in values):
        return bytes(value for value in values if isinstance(value, int))
    return b""
