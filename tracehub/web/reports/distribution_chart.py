"""How the durations of two samples are distributed, side by side."""

import math

from msgspec.structs import replace

from tracehub.store.latency import milliseconds_of
from tracehub.web.pages.amounts import share
from tracehub.web.pages.durations import milliseconds
from tracehub.web.reports.charts import HEIGHT, Bar, Chart
from tracehub.web.reports.moments_of_axis import Tick
from tracehub.web.reports.tables import Column, Table, named, rate, table

BINS = 24


def distribution_chart(
    title: str, a: dict[int, int], b: dict[int, int], labels: tuple[str, str]
) -> tuple[Chart | Table, ...]:
    """Shares per range of durations, ranges growing by a factor; nothing where a side has no durations."""
    if not a or not b:
        return ()
    first, last = min(*a, *b), max(*a, *b)
    size = max(math.ceil((last - first + 1) / BINS), 1)
    count = (last - first) // size + 1
    shares = [_shares(side, first, size, count) for side in (a, b)]
    most = max(max(side) / sum(side) for side in shares)
    width = 100 / count
    bars = []
    for place in range(count):
        said = _range(first + place * size, size)
        for side, (tone, label) in enumerate(zip("ab", labels, strict=True)):
            part, whole = shares[side][place], sum(shares[side])
            height = part / whole / most * (HEIGHT - 4)
            x, wide = place * width + side * width * 0.44, width * 0.42
            parts = ((tone, f"{HEIGHT - height:.1f}", f"{height:.1f}"),) if part else ()
            bars.append(Bar(f"{x:.3f}", f"{wide:.3f}", parts, f"{label}, {said}: {share(part, whole)}", None))
    step = max(count // 6, 1)
    ticks = tuple(
        Tick(f"{place * width:.2f}", milliseconds(milliseconds_of(first + place * size)))
        for place in range(0, count, step)
    )
    chart = Chart(
        key="distribution",
        title=title,
        words=f"Shares of {labels[0]} and {labels[1]} by duration; the numbers are in the table below",
        top=f"{most * 100:.0f} %",
        legend=(("a", f"A: {labels[0]}"), ("b", f"B: {labels[1]}")),
        bars=tuple(bars),
        ticks=ticks,
    )
    rows = [
        (
            named(_range(first + place * size, size)),
            *(rate(side[place], sum(side)) for side in shares),
        )
        for place in range(count)
    ]
    columns = (Column("duration", "Duration", number=False), Column("share_a", "A"), Column("share_b", "B"))
    return chart, replace(table("distribution", title, columns, rows), folded=True)


def _shares(durations: dict[int, int], first: int, size: int, count: int) -> list[int]:
    found = [0] * count
    for bucket, calls in durations.items():
        found[(bucket - first) // size] += calls
    return found


def _range(bucket: int, size: int) -> str:
    return f"{milliseconds(milliseconds_of(bucket))} to {milliseconds(milliseconds_of(bucket + size))}"
