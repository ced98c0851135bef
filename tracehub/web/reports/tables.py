"""Tables: every value once for machines and once for people."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from tracehub.web.pages.amounts import count, money, share, size
from tracehub.web.pages.durations import UNKNOWN, milliseconds
from tracehub.web.pages.moments import ago, exact
from tracehub.web.pages.visible import one_line

Raw = str | int | float | None
_LONGEST = 200


class Datum(msgspec.Struct, frozen=True):
    """One value: `value` is raw, `text` what people read.

    `bar` and `inner` are per cent of a bar below it; `spark` are the bars (x, y, height, per cent) of a trend.
    """

    value: Raw
    text: str
    href: str | None = None
    hint: str = ""
    tone: str = ""
    bar: str | None = None
    inner: str | None = None
    iso: str | None = None
    spark: tuple[tuple[str, str, str], ...] = ()


class Column(msgspec.Struct, frozen=True):
    """One column: `key` is its name for machines, `label` for people, `unit` follows its values on a phone."""

    key: str
    label: str
    number: bool = True
    unit: str = ""
    hint: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under columns; the first column names the row. `folded` tables open on demand."""

    form: str = "table"
    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Datum, ...], ...]
    note: str = ""
    folded: bool = False
    csv: str = ""


def table(key: str, title: str, columns: Iterable[Column], rows: Iterable[Iterable[Datum]], *, note: str = "") -> Table:
    """A table that stands open."""
    return Table(key=key, title=title, columns=tuple(columns), rows=tuple(tuple(row) for row in rows), note=note)


def named(
    value: str | None, *, href: str | None = None, otherwise: str = UNKNOWN, shown: str | None = None, hint: str = ""
) -> Datum:
    """A name out of a trace, or what stands for none."""
    text = one_line(shown if shown is not None else value or "", _LONGEST)
    return Datum(value, text or otherwise, href=href, hint=hint, tone="" if text else "mute")


def number(value: int | None, *, tone: str = "", hint: str = "") -> Datum:
    """A count."""
    return Datum(value, count(value), tone=tone if value else "", hint=hint)


def mean(total: int | None, calls: int, *, bytes: bool = False) -> Datum:
    """An average; unknown where no call reported any."""
    if total is None or not calls:
        return Datum(None, UNKNOWN)
    value = total / calls
    return Datum(round(value, 3), size(round(value)) if bytes else f"{value:,.1f}", hint=f"over {calls:,}")


def part_of(part: int, whole: int, *, tone: str = "") -> Datum:
    """A count with its share of the whole; for machines the count alone."""
    return Datum(part, f"{part:,} · {share(part, whole)}" if part else "0", tone=tone if part else "")


def rate(part: int, whole: int, *, tone: str = "") -> Datum:
    """A share in per cent, its parts on hover; for machines from 0 to 1."""
    value = part / whole if whole else None
    text = share(part, whole) if part or not whole else "0 %"
    return Datum(
        None if value is None else round(value, 6), text, hint=f"{part:,} of {whole:,}", tone=tone if part else ""
    )


def lasted(ms: float | None, *, hint: str = "") -> Datum:
    """A duration in milliseconds."""
    return Datum(None if ms is None else round(ms, 3), milliseconds(ms), hint=hint)


def spent(dollars: float | None, calls: int, *, hint: str = "") -> Datum:
    """Money in US dollars."""
    return Datum(None if dollars is None else round(dollars, 9), money(dollars, calls), hint=hint)


def when(at: int | None, now: int | None = None) -> Datum:
    """A moment, relative to now where that is given; ISO 8601 for machines."""
    moment = exact(at) if now is None else ago(at, now)
    if moment is None:
        return Datum(None, UNKNOWN)
    return Datum(moment.iso, moment.text, hint=moment.full, iso=moment.iso)


def trend(values: Sequence[int]) -> Datum:
    """Counts over time as small bars; for machines one word of numbers."""
    most, width = max(values, default=0), 100 / max(len(values), 1)
    bars = tuple(
        (f"{place * width:.1f}", f"{100 - value * 100 / most:.0f}", f"{value * 100 / most:.0f}")
        for place, value in enumerate(values)
        if value
    )
    return Datum(" ".join(map(str, values)), "", spark=bars)


def with_bar(datum: Datum, value: int, most: int, inner: int = 0) -> Datum:
    """The datum with a bar below it: `value` of `most`, `inner` of it marked as errors."""
    return replace(
        datum, bar=f"{value * 100 / most:.1f}" if most else "0", inner=f"{inner * 100 / most:.1f}" if most else "0"
    )
