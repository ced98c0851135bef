"""Knows what the names and calls in a Python repr stand for."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from tracehub.members import Json

_CONSTANTS: dict[str, object] = {
    "None": None,
    "null": None,
    "undefined": None,
    "True": True,
    "true": True,
    "False": False,
    "false": False,
    **dict.fromkeys(("nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "-nan")),
}
_LONGEST_OFFSET = 86_400
_TIME_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo")


class Call(NamedTuple):
    """`name(*args, **kwargs)` as written."""

    name: str
    args: list[object]
    kwargs: Json


class Offset(NamedTuple):
    """A time zone or a duration, in seconds."""

    seconds: float


def meaning_of_name(name: str) -> tuple[bool, object]:
    """Whether `name` is a constant, and its value."""
    if name in _CONSTANTS:
        return True, _CONSTANTS[name]
    if name.endswith("timezone.utc") or name == "UTC":
        return True, "UTC"
    return False, None


def meaning_of_call(call: Call) -> object:
    """A time as ISO text, a time zone as its offset; of any other call its keyword arguments, else its arguments.

    dateutil's tzlocal() names no zone; the machines that wrote it into captures ran on UTC.
    """
    short = call.name.rpartition(".")[2]
    match short:
        case "datetime":
            return _time(call)
        case "tzutc" | "tzlocal":
            return "UTC"
        case "timedelta" | "timezone" | "tzoffset":
            return _offset(short, call)
    if call.kwargs:
        return {**call.kwargs, "args": call.args} if call.args else call.kwargs
    return call.args[-1] if call.args else {}


def _time(call: Call) -> object:
    named = dict(zip(_TIME_PARTS, call.args, strict=False)) | call.kwargs
    zone = _zone(named.pop("tzinfo", None))
    parts = {name: value for name, value in named.items() if name in _TIME_PARTS and isinstance(value, int)}
    try:
        return datetime(**parts, tzinfo=zone).isoformat()
    except (TypeError, ValueError, OverflowError):
        return None


def _zone(value: object) -> tzinfo:
    if isinstance(value, Offset) and abs(value.seconds) < _LONGEST_OFFSET:
        return timezone(timedelta(seconds=value.seconds))
    return UTC


def _offset(short: str, call: Call) -> object:
    numbers = [value for value in call.args if isinstance(value, int | float)]
    if short == "timedelta":
        units = dict(zip(("days", "seconds"), numbers, strict=False)) | call.kwargs
        days, seconds = units.get("days", 0), units.get("seconds", 0)
        if isinstance(days, int | float) and isinstance(seconds, int | float):
            return Offset(min(max(days, -1), 1) * 86_400 + seconds)
        return None
    inner = next((value for value in call.args if isinstance(value, Offset)), None)
    if inner:
        return inner
    return Offset(numbers[0]) if numbers else "UTC"
