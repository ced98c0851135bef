"""Shortens JSON without breaking it: texts are cut, then lists and objects lose members, and it stays valid."""

import sys
from collections.abc import Iterator

import msgspec

LEAST = 2
# Texts of this length still say something; the last cut leaves the words that messages are made of whole.
_READABLE, _LAST_CUT = 256, 32
_MEMBERS = (256, 128, 64, 32, 16, 8, 4, 2, 1)
_LEAST_NAMES = 8
_LEAST_MEMBER = 8
_DEEPEST = 12
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def json_text(value: object) -> str:
    """`value` as JSON. Letters that no encoding holds (lone surrogates) become question marks, and what is nested too
    deeply to be written an ellipsis."""
    try:
        return _encode(value).decode()
    except UnicodeEncodeError:
        return _encode(_encodable(value)).decode()
    except RecursionError:
        return json_text(_cut(value, sys.maxsize, sys.maxsize, 0))


def json_value(text: str) -> dict[str, object] | list[object] | None:
    """The object or list that `text` is as JSON, or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def shortened(value: object, chars: int) -> str:
    """`value` as JSON of at most `chars` characters (LEAST at least).

    Long texts lose their ends first. Where that is not enough, lists keep their last members, as the latest message
    says most, and objects their first.
    """
    whole = json_text(value)
    if len(whole) <= chars:
        return whole
    for cut, members in _steps(chars):
        if len(text := json_text(_cut(value, cut, members, 0))) <= chars:
            return text
    return "{}" if isinstance(value, dict) else '""' if isinstance(value, str) else "[]"


def shortened_text(text: str, chars: int) -> str:
    """The text's beginning, with an ellipsis where something is left out; at most `chars` characters."""
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def encodable(text: str) -> str:
    """The text with question marks for what UTF-8 does not hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _steps(chars: int) -> Iterator[tuple[int, int]]:
    """How long texts may be and how many members lists may have, less and less."""
    # More would hardly fit, and trying takes long.
    most = max(1, chars // _LEAST_MEMBER)
    cut = max(chars * 7 // 8, _LAST_CUT)
    while cut > min(_READABLE, chars // 2):
        yield cut, most
        cut = cut * 5 // 8
    yield from ((cut, members) for members in _MEMBERS)
    while cut > _LAST_CUT:
        cut = max(cut // 2, _LAST_CUT)
        yield cut, 1


def _cut(value: object, chars: int, members: int, depth: int) -> object:
    if isinstance(value, str):
        return shortened_text(value, chars)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth == _DEEPEST:
        return "…"
    if isinstance(value, dict):
        kept = list(value.items())[: max(members, _LEAST_NAMES)]
        return {shortened_text(str(name), chars): _cut(member, chars, members, depth + 1) for name, member in kept}
    return [_cut(member, chars, members, depth + 1) for member in value[-members:]]


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {encodable(str(name)): _encodable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(member) for member in value]
    return value
