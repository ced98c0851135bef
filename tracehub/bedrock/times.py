"""Reads the times that AWS and loggers write, as microseconds since 1970 UTC."""

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 4_102_444_800  # 2100-01-01: later values are milliseconds, or nonsense


def microseconds(value: object) -> int | None:
    """The time `value` means, or None.

    Accepts ISO 8601 text with 0 to 9 decimals (nanoseconds are truncated, as botocore does), with `T` or a space, with
    an offset, `Z` or nothing (UTC); and seconds or milliseconds since 1970 as a number. Times before 1970 or after 2100
    are None.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST * 1000:
        return None
    seconds = value if value < _LATEST else value / 1000
    return round(seconds * 1_000_000)


def _from_text(value: str) -> int | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    total = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return total if 0 <= total < _LATEST * 1_000_000 else None
