"""Reads one value out of a text that is not strict JSON: JSON with its loggers' liberties, or a Python repr."""

import json

import orjson

from tracehub.bedrock.literal import LiteralError, parse_literal
from tracehub.bedrock.literal_strings import whole_characters


def read_value(text: str, place: int, max_depth: int) -> tuple[object, int]:
    """The value at `place` and the place behind it; LiteralError where there is none. Linear in what is read."""
    try:
        found = _read_json(text, place)
    except (RecursionError, ValueError):
        found = None
    if found is None:
        return parse_literal(text, place, max_depth)
    value, end = found
    brackets = text.count("{", place, end) + text.count("[", place, end)
    if brackets > max_depth and is_too_deep(value, max_depth):
        raise LiteralError(f"it is nested deeper than max_depth ({max_depth})", end)
    return value, end


def _read_json(text: str, place: int) -> tuple[object, int] | None:
    """The JSON value at `place`; None where there is none, LiteralError where the text's end cuts it off.

    Read through windows that grow, as json's errors count the lines before them.
    """
    size = _WINDOW
    while True:
        window = text[place : place + size]
        is_last = place + size >= len(text)
        try:
            value, end = _JSON.raw_decode(window)
        except json.JSONDecodeError as error:
            unfinished = error.msg.startswith(("Unterminated", "Invalid \\")) or error.pos >= len(window) - _TOKEN
            if not unfinished or (is_last and not _is_cut_off(error, window)):
                return None
            if is_last:
                stopped = place + min(error.pos + 1, len(window))
                raise LiteralError("it is cut off", stopped, at_end=True) from error
        else:
            return value, place + end
        size *= 8


def _is_cut_off(error: json.JSONDecodeError, window: str) -> bool:
    return error.pos >= len(window) or (error.msg.startswith("Unterminated") and "\n" not in window[error.pos :])


def is_too_deep(value: object, max_depth: int) -> bool:
    """Whether containers in `value` are nested deeper than `max_depth`."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(max_depth):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)  # type: ignore[attr-defined]
            if type(child) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def encode(value: object) -> bytes:
    """`value` as strict JSON: lone surrogates become U+FFFD, numbers that JSON lacks null, too long ones floats."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_clean(value))


def _clean(value: object) -> object:
    match value:
        case str():
            return whole_characters(value)
        case dict():
            return {whole_characters(str(name)): _clean(item) for name, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case bool() | None | float():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else _as_float(value)
        case _:
            return None


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


_CONTAINERS = {dict, list}
_JSON = json.JSONDecoder()
_WINDOW = 4096
# No token of JSON but strings and numbers is longer.
_TOKEN = 10
