"""Charts of how many calls there were over time, and the table that says the same."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from msgspec.structs import replace
from starlette.datastructures import QueryParams

from tracehub.analytics.period import Period
from tracehub.model.tally import Tally
from tracehub.web.pages.amounts import count, counted
from tracehub.web.pages.moments import exact
from tracehub.web.reports.charts import Chart, bar_chart
from tracehub.web.reports.moments_of_axis import stretch
from tracehub.web.reports.tables import Column, Table, named, number, part_of, table


def calls_chart(title: str, what: str, period: Period, buckets: Sequence[Tally], hrefs: Sequence[str | None]) -> Chart:
    """Calls per bucket: those without an error, with an inferred and with a reported one."""
    stacks = [
        (("ok", tally.calls - _errors(tally)), ("soft", tally.errors_inferred), ("err", tally.errors_reported))
        for tally in buckets
    ]
    titles = [
        f"{stretch(begin, period)}: {counted(tally.calls, what)}, {_said(tally)}"
        for begin, tally in zip(period.buckets, buckets, strict=True)
    ]
    calls = sum(tally.calls for tally in buckets)
    most = max((tally.calls for tally in buckets), default=0)
    words = f"{counted(calls, what)} over time, at most {most:,} in one bar; the numbers are in the table below"
    legend = [("ok", what.capitalize() + "s"), ("soft", "Error inferred"), ("err", "Error reported")]
    return bar_chart(
        "calls", title, period, stacks, titles=titles, hrefs=hrefs, legend=legend, top=count(most), words=words
    )


def calls_table(what: str, period: Period, buckets: Sequence[Tally], hrefs: Sequence[str | None]) -> Table:
    """The same numbers, newest first."""
    columns = (
        Column("began_at", "From", number=False),
        Column("calls", what.capitalize() + "s"),
        Column("errors_reported", "Errors reported"),
        Column("errors_inferred", "Errors inferred"),
    )
    rows = [
        (
            named(iso_of(begin), shown=stretch(begin, period), href=href),
            number(tally.calls),
            part_of(tally.errors_reported, tally.calls, tone="err"),
            part_of(tally.errors_inferred, tally.calls, tone="soft"),
        )
        for begin, tally, href in zip(period.buckets, buckets, hrefs, strict=True)
    ]
    return replace(table("over_time", "Over time", columns, reversed(rows)), folded=True)


def narrowed(
    path: str, query: QueryParams, period: Period, *, keep: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """For each bucket, the address of a page that shows it alone."""
    rest = [(name, value) for name, value in query.multi_items() if value and name not in _TIMES and keep(name)]
    return [
        f"{path}?{urlencode([*rest, ('since', iso_of(begin)), ('until', iso_of(begin + period.length))])}"
        for begin in period.buckets
    ]


def iso_of(at: int) -> str:
    """ISO 8601 in UTC."""
    moment = exact(at)
    return moment.iso if moment else ""


def _said(tally: Tally) -> str:
    return f"{counted(tally.errors_reported, 'error')} reported, {tally.errors_inferred:,} inferred"


def _errors(tally: Tally) -> int:
    return tally.errors_reported + tally.errors_inferred


_TIMES = ("since", "until", "cursor")
