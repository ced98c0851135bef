"""The time axis of one turn, or of a whole session: where a moment lies on it, and its ticks."""

from collections.abc import Iterable

import msgspec

from tracehub.web.pages.durations import duration

_LEAST_WIDTH = 0.3
_STEPS = tuple(base * 10**power for power in range(12) for base in (1, 2, 5))
_ROUND_MINUTES = tuple(minutes * 60_000_000 for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440))


class Tick(msgspec.Struct, frozen=True):
    """A line across the lanes, with what it says. `x` is per cent of the axis."""

    x: str
    label: str


class Axis(msgspec.Struct, frozen=True):
    """From `start` on for `length` microseconds (at least 1)."""

    start: int
    length: int

    def place(self, started_at: int, ended_at: int) -> tuple[str, str]:
        """`x` and `width` in per cent; an instant keeps a width that can be seen."""
        left = min(max((started_at - self.start) * 100 / self.length, 0.0), 100.0)
        right = min(max((ended_at - self.start) * 100 / self.length, left), 100.0)
        width = max(right - left, _LEAST_WIDTH)
        return f"{min(left, 100 - width):.2f}", f"{width:.2f}"


def axis_of(started_at: int | None, ended_at: int | None) -> Axis | None:
    """The axis between two moments; None where one is unknown."""
    if started_at is None or ended_at is None:
        return None
    return Axis(started_at, max(ended_at - started_at, 1))


def axis_over(extents: Iterable[tuple[int | None, int | None]]) -> Axis | None:
    """The axis from the first start to the last end that are known; None without any."""
    known = [(start, end) for start, end in extents if start is not None and end is not None]
    if not known:
        return None
    return axis_of(min(start for start, _ in known), max(end for _, end in known))


def ticks(axis: Axis) -> tuple[Tick, ...]:
    """Round durations along the axis, at most five, without the start."""
    steps = _STEPS if axis.length < 120_000_000 else _ROUND_MINUTES
    step = next((step for step in steps if axis.length / step <= 5), max(axis.length // 5, 1))
    return tuple(Tick(f"{at * 100 / axis.length:.2f}", duration(at)) for at in range(step, axis.length + 1, step) if at)
