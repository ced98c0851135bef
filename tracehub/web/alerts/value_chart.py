"""The values of one alert or one group of a rule over time, with the threshold and when it fired."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import msgspec

from tracehub.analytics.period import Period
from tracehub.web.alerts.values import Scale, in_unit
from tracehub.web.pages.moments import to_the_second
from tracehub.web.reports.moments_of_axis import Tick, ticks_of

HEIGHT = 130
WIDTH = 1000
# A picture is no wider than so many pixels, so that more points would only weigh.
MOST_POINTS = 500
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
# Labels every so many minutes, where it is at most so many hours long.
_STEPS = ((5, 6), (60, 48))
_TOP = 10


class Point(msgspec.Struct, frozen=True):
    """What was measured at a moment (microseconds); a value of None is no data, `few` says that it rests on too few
    samples to conclude anything."""

    at: int
    value: float | None
    threshold: float | None
    few: bool = False


class Shade(msgspec.Struct, frozen=True):
    """A stretch in which it fired, in per cent of the width."""

    x: str
    width: str
    title: str


class Threshold(msgspec.Struct, frozen=True):
    """A threshold, at `y` pixels from the top."""

    y: str
    text: str
    tone: str


class ValueChart(msgspec.Struct, frozen=True, kw_only=True):
    """A line of values in a box of WIDTH by `height`, with a `faint` one of those that rest on too few samples; `words`
    say it to who cannot see it."""

    title: str
    words: str
    top: str
    line: str
    faint: str
    threshold_line: str
    thresholds: tuple[Threshold, ...]
    shades: tuple[Shade, ...]
    ticks: tuple[Tick, ...]
    height: int = HEIGHT
    width: int = WIDTH


def value_chart(
    title: str,
    points: Sequence[Point],
    fired: Iterable[tuple[int, int]],
    since: int,
    until: int,
    unit: Scale,
    *,
    resolve: float | None = None,
    wanders: bool = False,
    always: bool = False,
) -> ValueChart | None:
    """The chart of these points, oldest first; `fired` are stretches (microseconds).

    Thresholds that `wander` are drawn as a line of their own; values that are `always` known are joined however far
    apart they stand. None where nothing is known.
    """
    axis = axis_of(since, until)
    since, until = axis.since, axis.until
    shown = _thinned([point for point in points if since <= point.at <= until], since, until)
    values = [point.value for point in shown if point.value is not None]
    limits = [point.threshold for point in shown if point.threshold is not None]
    if not values and not limits:
        return None
    most = max([*values, *limits, 0.0 if resolve is None else resolve]) or 1.0
    shades = tuple(_shade(began, ended, since, until) for began, ended in fired if ended >= since and began <= until)

    def y_of(value: float) -> float:
        return HEIGHT - value / most * (HEIGHT - _TOP)

    def x_of(at: int) -> float:
        return (at - since) / (until - since) * WIDTH

    def path(of: Iterable[tuple[int, float | None]]) -> str:
        return _path(
            (
                ((at - since) / (until - since) * WIDTH, y_of(value) if value is not None else None, at)
                for at, value in of
            ),
            always,
        )

    steady = len(set(limits)) == 1 and not wanders
    return ValueChart(
        title=title,
        words=_words(values, limits, unit, len(shades)),
        top=in_unit(most, unit),
        line=path((point.at, None if point.few else point.value) for point in shown),
        faint=path((point.at, point.value) for point in shown) if any(point.few for point in shown) else "",
        threshold_line="" if steady else path((point.at, point.threshold) for point in shown),
        thresholds=_thresholds(limits[-1] if steady else None, resolve, unit, y_of),
        shades=shades,
        ticks=ticks_of(axis),
    )


def _thinned(points: Sequence[Point], since: int, until: int) -> list[Point]:
    """At most MOST_POINTS: of those that would fall on one another the highest."""
    if len(points) <= MOST_POINTS:
        return list(points)
    columns: dict[int, Point] = {}
    for point in points:
        column = (point.at - since) * MOST_POINTS // max(until - since, 1)
        other = columns.get(column)
        if other is None or other.value is None or (point.value is not None and point.value > other.value):
            columns[column] = point
    return list(columns.values())


def _path(points: Iterable[tuple[float, float | None, int]], always: bool) -> str:
    """Lines between neighbours, and none where nothing was known for a while: three times what is usual there."""
    found = list(points)
    steps = sorted(after[2] - before[2] for before, after in pairwise(found))
    longest = 3 * steps[len(steps) // 2] if steps else 0
    words, last = [], None
    for x, y, at in found:
        if y is None:
            last = None
            continue
        joined = last is not None and (always or at - last <= longest)
        words.append(f"{'L' if joined else 'M'}{x:.1f} {y:.1f}{'' if joined else 'h0'}")
        last = at
    return "".join(words)


def _thresholds(
    threshold: float | None, resolve: float | None, unit: Scale, y_of: Callable[[float], float]
) -> tuple[Threshold, ...]:
    found = []
    if threshold is not None:
        found.append(Threshold(f"{y_of(threshold):.1f}", f"threshold {in_unit(threshold, unit)}", "err"))
    if resolve is not None and resolve != threshold:
        found.append(Threshold(f"{y_of(resolve):.1f}", f"over at {in_unit(resolve, unit)}", "ok"))
    return tuple(found)


def _shade(began: int, ended: int, since: int, until: int) -> Shade:
    left, right = max(began, since), min(ended, until)
    first, last = to_the_second(began), to_the_second(ended)
    return Shade(
        f"{(left - since) * 100 / (until - since):.2f}",
        f"{max((right - left) * 100 / (until - since), 0.3):.2f}",
        f"fired {first.text if first else '—'} to {last.text if last else '—'}",
    )


def _words(values: Sequence[float], limits: Sequence[float], unit: Scale, fired: int) -> str:
    said = f"From {in_unit(min(values), unit)} to {in_unit(max(values), unit)}" if values else "No data"
    if limits:
        said += f", threshold {in_unit(limits[-1], unit)}"
    return f"{said}; it fired {fired} times. The table below says when" if fired != 1 else f"{said}; it fired once"


def axis_of(since: int, until: int) -> Period:
    """The period widened to whole steps, which have round labels."""
    minutes = next((each for each, most in _STEPS if until - since <= most * _HOUR), 1440)
    length = minutes * _MINUTE
    return Period(since - since % length, -(-until // length) * length, minutes, minutes)
