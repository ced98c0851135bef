"""What every page of numbers is made of."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tracehub.analytics.usage import Usage
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.filter_bar import FilterBar
from tracehub.web.pages.moments import to_the_second
from tracehub.web.reports.charts import Chart
from tracehub.web.reports.tables import Table


class Tab(msgspec.Struct, frozen=True):
    """One way to look at the same numbers."""

    text: str
    href: str
    current: bool


class Figure(msgspec.Struct, frozen=True):
    """One number; `hint` says what it covers."""

    name: str
    value: str
    hint: str = ""


class Share(msgspec.Struct, frozen=True):
    """A part of a whole; `x` and `width` are per cent."""

    kind: str
    name: str
    text: str
    share: str
    x: str
    width: str


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """A bar of parts."""

    form: str = "shares"
    title: str
    words: str
    parts: tuple[Share, ...]
    note: str = ""


class Link(msgspec.Struct, frozen=True):
    """Another page."""

    text: str
    href: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The context of report.html. `empty` says what there would be, where there is nothing to show.

    `since` and `until` are microseconds, for machines; `period` says them to people.
    """

    section: str
    title: str
    heading: str
    path: str
    filters: FilterBar | None
    period: str = ""
    since: int | None = None
    until: int | None = None
    minutes: int | None = None
    crumb: Link | None = None
    tabs: tuple[Tab, ...] = ()
    figures: tuple[Figure, ...] = ()
    items: tuple[Chart | Table | Shares, ...] = ()
    notes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    empty: str | None = None
    icon: str = "search"
    twins: tuple[Link, ...] = ()


def covered(usage: Usage) -> str:
    """`2026-11-16 00:00:00 UTC to 2026-11-23 14:00:00 UTC`, and whether something is still being added up."""
    since, until = to_the_second(usage.period.since), to_the_second(usage.period.until)
    words = f"{since.text if since else '—'} to {until.text if until else '—'}"
    if usage.waiting:
        words += f"; {counted(usage.waiting, 'stretch', 'stretches')} of five minutes still being added up"
    return words


def tabs(path: str, query: QueryParams, name: str, choices: Mapping[str, str], current: str) -> tuple[Tab, ...]:
    """One tab per choice of the parameter `name`; the first is the one without it."""
    rest = [(key, value) for key, value in query.multi_items() if key != name and value]
    first = next(iter(choices))
    return tuple(
        Tab(text, _address(path, rest if choice == first else [*rest, (name, choice)]), choice == current)
        for choice, text in choices.items()
    )


def twins_of(report: Report, query: QueryParams) -> tuple[Link, ...]:
    """The same page for machines: as JSON, NDJSON and Markdown, and each table as CSV."""
    values = [(key, value) for key, value in query.multi_items() if value]
    path = report.path.partition("?")[0]
    tables = [item for item in report.items if isinstance(item, Table)]
    formats = [Link(text, _address(f"{path}.{ending}", values)) for text, ending in _FORMATS]
    csv = [Link(f"CSV: {table.title}", _address(f"{path}.csv", [*values, ("table", table.key)])) for table in tables]
    return (*formats, *csv)


def _address(path: str, values: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(values)}" if values else path


_FORMATS = (("JSON", "json"), ("NDJSON", "ndjson"), ("Markdown", "md"))
