"""How long calls took over time: p50, p90 and p99, and the table that says the same."""

from collections.abc import Sequence

from msgspec.structs import replace

from tracehub.analytics.period import Period
from tracehub.analytics.usage import percentiles
from tracehub.model.tally import Tally, total
from tracehub.web.pages.durations import milliseconds
from tracehub.web.reports.bars_of_calls import iso_of
from tracehub.web.reports.charts import FEW, Chart, line_chart
from tracehub.web.reports.moments_of_axis import stretch
from tracehub.web.reports.tables import Column, Table, lasted, named, number, table

SHARES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}


def percentile_chart(
    title: str,
    period: Period,
    buckets: Sequence[Tally],
    hrefs: Sequence[str | None],
    markers: Sequence[tuple[int, str]] = (),
) -> tuple[Chart | Table, ...]:
    """The chart and its table; nothing where no call has a known duration."""
    if not any(tally.durations for tally in buckets):
        return ()
    values = [percentiles(tally, *SHARES.values()) for tally in buckets]
    series = [(name, [value[place] for value in values]) for place, name in enumerate(SHARES)]
    samples = [tally.timed_calls for tally in buckets]
    whole = percentiles(total(buckets), *SHARES.values())
    said = ", ".join(f"{name} {milliseconds(value)}" for name, value in zip(SHARES, whole, strict=True))
    note = f"Hollow where fewer than {FEW} calls stand behind a point." if any(0 < n < FEW for n in samples) else ""
    chart = line_chart(
        "percentiles",
        title,
        period,
        series,
        samples=samples,
        markers=markers,
        words=f"In all: {said}. The numbers are in the table below",
        note=note,
    )
    columns = (
        Column("began_at", "From", number=False),
        *(Column(f"{name}_ms", name, unit=name) for name in SHARES),
        Column("calls", "Timed calls", unit="calls"),
    )
    rows = [
        (
            named(iso_of(begin), shown=stretch(begin, period), href=href),
            *(lasted(value) for value in found),
            number(tally.timed_calls),
        )
        for begin, found, tally, href in zip(period.buckets, values, buckets, hrefs, strict=True)
    ]
    return chart, replace(table("percentiles", "Percentiles over time", columns, reversed(rows)), folded=True)
