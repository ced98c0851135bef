"""Reads where a first collection begins: a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from tracehub.errors import PermanentError

_AGO = re.compile(r"([0-9]{1,9})\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment_of(since: str, now: int) -> int:
    """`since` in microseconds since 1970 UTC: an ISO 8601 time (UTC where it names no offset), or `12h`, `7d` before
    `now`. PermanentError for anything else, and for what lies before 1970."""
    text = since.strip()
    ago = _AGO.fullmatch(text)
    moment = now - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000 if ago else _moment(text)
    if moment is None:
        msg = f"{since[:100]!r} is neither a time such as 2026-11-20T08:00:00Z nor how long ago, such as 12h or 7d"
        raise PermanentError(msg)
    if moment < 0:
        msg = f"{since[:100]!r} lies before 1970"
        raise PermanentError(msg)
    return moment


def _moment(text: str) -> int | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // _MICROSECOND
