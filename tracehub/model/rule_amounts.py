"""Durations, shares and amounts as rules write them, read and written."""

import math
import re

from tracehub.model.measure import Unit

_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_SHORT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h)")
_SHORT_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PERCENT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*%")
_NUMBER = re.compile(r"\d{1,15}(?:_\d{3})*(?:\.\d{1,9})?")


def read_duration(value: object) -> int:
    """Whole seconds of `5m`, `1h30m`, `30d`; ValueError says what is wrong."""
    if value == 0 and not isinstance(value, bool):
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool):
        msg = f"{value} has no unit: write {value}s or {value}m"
        raise ValueError(msg)  # noqa: TRY004 - all that is wrong with a word is a ValueError
    text = value.strip().replace(" ", "") if isinstance(value, str) else ""
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        msg = f"{_shown(value)} is no duration such as 5m, 1h30m or 30d"
        raise ValueError(msg)
    return sum(int(number) * unit for number, unit in zip(found.groups(), _UNITS.values(), strict=True) if number)


def duration_words(seconds: int) -> str:
    """As `read_duration` reads it."""
    if seconds == 0:
        return "0s"
    words = ""
    for unit, length in _UNITS.items():
        if unit == "w":
            continue
        number, seconds = divmod(seconds, length)
        words += f"{number}{unit}" if number else ""
    return words


def read_amount(value: object, unit: Unit) -> float:
    """A threshold in its unit: `10%` or 0.1, `2.5s` or 2.5, 1500; ValueError says what is wrong."""
    match unit:
        case Unit.SHARE:
            return read_share(value)
        case Unit.SECONDS:
            return _seconds(value)
        case Unit.USD:
            return _number(
                value.strip().removeprefix("$") if isinstance(value, str) else value, "an amount in US dollars"
            )
        case Unit.TOKENS | Unit.COUNT:
            return _number(value, "a number")


def amount_words(value: float, unit: Unit) -> str | int | float:
    """As `read_amount` reads it."""
    if unit is Unit.SHARE:
        return f"{round(value * 100, 9):g}%"
    if unit is Unit.SECONDS:
        if value < 1:
            return f"{round(value * 1000, 6):g}ms"
        return duration_words(int(value)) if float(value).is_integer() else f"{round(value, 6)}s"
    return int(value) if float(value).is_integer() else value


def read_share(value: object) -> float:
    """A share between 0 and 1: `10%` or 0.1."""
    percent = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    share = float(percent[1]) / 100 if percent else _number(value, "a share such as 10% or 0.1")
    if share > 1:
        hint = "" if percent or share > 100 else f": did you mean {share:g}%?"
        msg = f"{_shown(value)} is more than all (100%){hint}"
        raise ValueError(msg)
    return share


def _seconds(value: object) -> float:
    if isinstance(value, str):
        text = value.strip()
        if found := _SHORT.fullmatch(text):
            return float(found[1]) * _SHORT_UNITS[found[2]]
        if not _NUMBER.fullmatch(text):
            return float(read_duration(text))
    return _number(value, "a duration such as 2.5s, 800ms or 1m30s")


def _number(value: object, expected: str) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value.strip().replace("_", ""))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        msg = f"{_shown(value)} is not {expected}"
        raise ValueError(msg)
    return float(value)


def _shown(value: object) -> str:
    return repr(value)[:60]
