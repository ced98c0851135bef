"""The labels below a chart: round hours, days or months in UTC."""

from datetime import UTC, datetime

import msgspec

from tracehub.analytics.period import Period

MOST_TICKS = 7


class Tick(msgspec.Struct, frozen=True):
    """A label at `x` per cent of the axis."""

    x: str
    text: str


def ticks_of(period: Period) -> tuple[Tick, ...]:
    """At most MOST_TICKS labels, each at the begin of a bucket."""
    begins = list(period.buckets)
    step = -(-len(begins) // MOST_TICKS)
    whole = period.until - period.since
    return tuple(
        Tick(f"{(begin - period.since) * 100 / whole:.2f}", label_of(begin, period)) for begin in begins[::step]
    )


def label_of(begin: int, period: Period) -> str:
    """`09:05`, `Nov 20 09:00`, `Nov 20`, or with its year where the period is longer than one."""
    moment = datetime.fromtimestamp(begin / 1e6, UTC)
    if period.until - period.since > 400 * 86_400_000_000:
        return f"{moment:%Y-%m-%d}"
    if period.minutes >= 1440:
        return f"{moment:%b} {moment.day}"
    if period.until - period.since <= 86_400_000_000:
        return f"{moment:%H:%M}"
    return f"{moment:%b} {moment.day} {moment:%H:%M}"


def stretch(begin: int, period: Period) -> str:
    """`2026-11-20 09:00 to 10:00 UTC`."""
    began, ended = (datetime.fromtimestamp(at / 1e6, UTC) for at in (begin, begin + period.length))
    if period.minutes >= 1440:
        return f"{began:%Y-%m-%d}" if period.minutes == 1440 else f"{began:%Y-%m-%d} to {ended:%Y-%m-%d}"
    return f"{began:%Y-%m-%d %H:%M} to {ended:%H:%M} UTC"
