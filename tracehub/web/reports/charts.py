"""Charts as the template draws them in SVG: x and widths in per cent, y and heights in pixels from the top."""

from collections.abc import Sequence

import msgspec

from tracehub.analytics.period import Period
from tracehub.web.pages.durations import milliseconds
from tracehub.web.reports.moments_of_axis import Tick, ticks_of

HEIGHT = 120
FEW = 20
_STROKES = ("solid", "dashed", "dotted")


class Bar(msgspec.Struct, frozen=True):
    """One stretch of time: a stack of `parts` (tone, y, height). `title` says it in words, `href` leads to it."""

    x: str
    width: str
    parts: tuple[tuple[str, str, str], ...]
    title: str
    href: str | None


class Piece(msgspec.Struct, frozen=True):
    """A line from one bucket's value to the next one's; where a neighbour is unknown, a dot (`x1` equals `x2`)."""

    x1: str
    y1: str
    x2: str
    y2: str
    few: bool


class Line(msgspec.Struct, frozen=True):
    """One series. `stroke` is solid, dashed or dotted; `label` stands at its end."""

    label: str
    stroke: str
    pieces: tuple[Piece, ...]
    end_y: str


class Marker(msgspec.Struct, frozen=True):
    """Something that happened at a moment."""

    x: str
    text: str
    anchor: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars or lines over a period; `words` say it to who cannot see it. `top` is what its height stands for."""

    form: str = "chart"
    key: str
    title: str
    words: str
    top: str
    legend: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    markers: tuple[Marker, ...] = ()
    ticks: tuple[Tick, ...]
    height: int = HEIGHT
    note: str = ""


def bar_chart(
    key: str,
    title: str,
    period: Period,
    stacks: Sequence[Sequence[tuple[str, float]]],
    *,
    titles: Sequence[str],
    hrefs: Sequence[str | None],
    legend: Sequence[tuple[str, str]],
    top: str,
    words: str,
    tall: int = HEIGHT,
) -> Chart:
    """One stack of (tone, value) per bucket, from the bottom up; `tall` is the height in pixels."""
    most = max((sum(value for _, value in stack) for stack in stacks), default=0) or 1
    width = 100 / max(len(stacks), 1)
    bars = []
    for place, (stack, said, href) in enumerate(zip(stacks, titles, hrefs, strict=True)):
        parts, reached = [], float(tall)
        for tone, value in stack:
            height = value / most * (tall - 4)
            if value:
                height = max(height, 1.5)
                reached -= height
                parts.append((tone, f"{reached:.1f}", f"{height:.1f}"))
        bars.append(Bar(f"{place * width:.3f}", f"{width * 0.86:.3f}", tuple(parts), said, href))
    return Chart(
        key=key,
        title=title,
        words=words,
        top=top,
        legend=tuple(legend),
        bars=tuple(bars),
        ticks=ticks_of(period),
        height=tall,
    )


def line_chart(
    key: str,
    title: str,
    period: Period,
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    samples: Sequence[int],
    markers: Sequence[tuple[int, str]] = (),
    words: str,
    note: str = "",
) -> Chart:
    """Lines of milliseconds per bucket; buckets with fewer than FEW samples are drawn hollow."""
    most = max((value for _, values in series for value in values if value is not None), default=0) or 1
    width = 100 / max(len(samples), 1)

    def place(bucket: int, value: float) -> tuple[str, str]:
        return f"{(bucket + 0.5) * width:.2f}", f"{HEIGHT - 2 - value / most * (HEIGHT - 12):.1f}"

    lines = []
    for (label, values), stroke in zip(series, _STROKES, strict=False):
        pieces = []
        last: tuple[int, float] | None = None
        for bucket, value in enumerate(values):
            if value is None:
                continue
            x2, y2 = place(bucket, value)
            joined = last is not None and last[0] == bucket - 1
            x1, y1 = place(*last) if last and joined else (x2, y2)
            pieces.append(Piece(x1, y1, x2, y2, samples[bucket] < FEW))
            last = (bucket, value)
        if last:
            lines.append(Line(label, stroke, tuple(pieces), pieces[-1].y2))
    return Chart(
        key=key,
        title=title,
        words=words,
        top=milliseconds(most),
        legend=tuple((label, stroke) for (label, _), stroke in zip(series, _STROKES, strict=False)),
        lines=tuple(lines),
        markers=tuple(_marker(at, text, period) for at, text in markers),
        ticks=ticks_of(period),
        note=note,
    )


def _marker(at: int, text: str, period: Period) -> Marker:
    x = min(max((at - period.since) * 100 / (period.until - period.since), 0.0), 100.0)
    return Marker(f"{x:.2f}", text, "end" if x > 70 else "start")
