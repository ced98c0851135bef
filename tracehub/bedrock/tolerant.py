"""Reads one value out of a text that is not strict JSON: JSON with its loggers' liberties, or a Python repr."""

import json
import math

import orjson

from tracehub.bedrock.literal import LiteralError, parse_literal
from tracehub.bedrock.literal_strings import whole_characters

_DIGITS = 4000


def read_value(text: str, place: int, max_depth: int) -> tuple[object, int]:
    """The value at `place` and the place behind it; LiteralError where there is none."""
    try:
        value, end = _JSON.raw_decode(text, place)
    except json.JSONDecodeError as error:
        if error.pos >= len(text) or (error.msg.startswith("Unterminated") and text.find("\n", error.pos) < 0):
            place = error.pos + 1 if error.pos < len(text) else error.pos
            raise LiteralError("it is cut off", place, at_end=True) from error
        return parse_literal(text, place, max_depth)
    except (RecursionError, ValueError):
        return parse_literal(text, place, max_depth)
    if is_too_deep(value, max_depth):
        raise LiteralError(f"it is nested deeper than max_depth ({max_depth})", end)
    return value, end


def is_too_deep(value: object, max_depth: int) -> bool:
    """Whether containers in `value` are nested deeper than `max_depth`."""
    level = [value]
    for _ in range(max_depth):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if type(child) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def encode(value: object) -> bytes:
    """`value` as strict JSON: lone surrogates become U+FFFD, numbers that JSON lacks null, whole ones too long floats."""
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


def _float(token: str) -> float | None:
    value = float(token)
    return value if math.isfinite(value) else None


def _int(token: str) -> int | None:
    return int(token) if len(token) < _DIGITS else None


_CONTAINERS = (dict, list)
_JSON = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_float, parse_int=_int)
