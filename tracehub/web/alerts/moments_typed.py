"""Moments as they are typed into forms, in UTC."""

from datetime import UTC, datetime, timedelta

from tracehub.errors import PermanentError
from tracehub.model.rule_amounts import read_duration

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def moment_in(text: str, now: int) -> int:
    """Microseconds of `2026-11-20 08:00` (UTC), or of `4h` from `now` on; PermanentError where it is neither."""
    try:
        return now + read_duration(text) * 1_000_000
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        msg = f"{text[:40]!r} is no time such as 2026-11-20 08:00, and not how long from now, such as 4h"
        raise PermanentError(msg) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if not _EPOCH <= moment < _LATEST:
        msg = "a time between 1970 and 2100 is expected"
        raise PermanentError(msg)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def typed_moment(at: int | None) -> str:
    """As `moment_in` reads it, to the minute; empty where there is none."""
    return "" if at is None else f"{_EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M}"


def minutes_in(text: str) -> int:
    """Minutes of the day of `22:30`; PermanentError where it is none."""
    hours, colon, minutes = text.strip().partition(":")
    if colon and hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
        return int(hours) * 60 + int(minutes)
    msg = f"{text[:20]!r} is no time of day such as 22:30"
    raise PermanentError(msg)


def typed_minutes(minutes: int) -> str:
    """As `minutes_in` reads it."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
