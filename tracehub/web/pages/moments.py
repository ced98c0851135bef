"""Moments in time as people and browsers read them."""

from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


class Moment(msgspec.Struct, frozen=True):
    """One moment for a `<time>` element: `iso` for machines, `full` on hover, `text` to read."""

    iso: str
    full: str
    text: str


def ago(at: int | None, now: int) -> Moment | None:
    """The moment as lists show it, relative to now; None where unknown or beyond the calendar."""
    moment = _datetime(at)
    if moment is None or at is None:
        return None
    return Moment(_iso(moment), _full(moment), _relative(at, now, moment))


def exact(at: int | None) -> Moment | None:
    """The moment as details show it, in UTC with milliseconds; None where unknown or beyond the calendar."""
    moment = _datetime(at)
    return Moment(_iso(moment), _full(moment), _full(moment)) if moment else None


def to_the_second(at: int | None) -> Moment | None:
    """The moment in UTC without its fraction; None where unknown or beyond the calendar."""
    moment = _datetime(at)
    return Moment(_iso(moment), _full(moment), f"{moment:%Y-%m-%d %H:%M:%S} UTC") if moment else None


def _relative(at: int, now: int, moment: datetime) -> str:
    seconds = (now - at) // _SECOND
    if seconds < -60:
        return f"{moment:%Y-%m-%d %H:%M}"
    if seconds < 60:
        return "just now"
    for size, limit, name in ((60, 3600, "min"), (3600, 86_400, "h"), (86_400, 86_400 * 7, "d")):
        if seconds < limit:
            return f"{seconds // size} {name} ago"
    return f"{moment:%Y-%m-%d}"


def _datetime(at: int | None) -> datetime | None:
    if at is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=at)
    except OverflowError:
        return None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _full(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
