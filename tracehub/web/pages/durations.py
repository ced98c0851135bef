"""Durations as people read them."""

UNKNOWN = "—"

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def duration(microseconds: int | None) -> str:
    """`421 ms`, `6.64 s`, `2 m 05 s`, `1 h 05 m`, `2 d 03 h`; a dash where unknown."""
    if microseconds is None:
        return UNKNOWN
    if microseconds < 0:
        return f"−{duration(-microseconds)}"
    if 0 < microseconds < 500:
        return "< 1 ms"
    if microseconds < _SECOND - 500:
        return f"{round(microseconds / 1000)} ms"
    if microseconds < 10 * _SECOND - 5000:
        return f"{microseconds / _SECOND:.2f} s"
    if microseconds < _MINUTE - 50_000:
        return f"{microseconds / _SECOND:.1f} s"
    seconds = round(microseconds / _SECOND)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = seconds // 60
    if seconds < 86_400:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    return f"{minutes // 1440} d {minutes % 1440 // 60:02d} h"


def between(started_at: int | None, ended_at: int | None) -> int | None:
    """How long from one moment to the other; None where either is unknown."""
    if started_at is None or ended_at is None:
        return None
    return ended_at - started_at


def milliseconds(value: float | None) -> str:
    """A duration given in milliseconds."""
    return duration(None if value is None else round(value * 1000))


def offset(microseconds: int | None) -> str:
    """How long after the start of its turn something began: `+3.32 s`."""
    if microseconds is None:
        return UNKNOWN
    return f"+{duration(microseconds)}" if microseconds >= 0 else duration(microseconds)
