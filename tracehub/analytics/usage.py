"""What calls add up to in a period: in all, by whatever tells them apart, and over time."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from tracehub.analytics.period import Period, period_of
from tracehub.model.listing import Filter
from tracehub.model.tally import Cell, Tally, add, total
from tracehub.store import rollups
from tracehub.store.latency import percentile
from tracehub.store.schema import DEFAULT_PROJECT

# Before there were any agents on Bedrock; and traces with impossible times must not stretch every chart.
EARLIEST = 1_577_836_800_000_000
_DAY_US = 86_400_000_000
K = TypeVar("K")


class Usage(msgspec.Struct, frozen=True):
    """The cells of a period. `waiting` counts stretches of five minutes that are not added up yet."""

    period: Period
    cells: tuple[Cell, ...]
    waiting: int

    def of(self, *kinds: str) -> tuple[Cell, ...]:
        """The cells of these kinds."""
        return tuple(cell for cell in self.cells if cell.kind in kinds)


def period_for(connection: Connection, filter: Filter, now: int, *, project: str = DEFAULT_PROJECT) -> Period:
    """The period that a filter asks for, else that of all that is known."""
    return period_of(filter, rollups.bounds(connection, EARLIEST, now + _DAY_US, project=project), now)


def usage(
    connection: Connection,
    filter: Filter,
    kinds: Iterable[str],
    now: int,
    *,
    names: Sequence[str] = (),
    project: str = DEFAULT_PROJECT,
) -> Usage:
    """What calls of these kinds (of these names, if any are given) add up to; of the filter, times and agents count."""
    period = period_for(connection, filter, now, project=project)
    within = replace(filter, since=period.since, until=period.until)
    found = rollups.cells(connection, kinds, within, period.grain, names=names, project=project)
    return Usage(period, tuple(found), rollups.waiting(connection, project=project))


def by(cells: Iterable[Cell], key: Callable[[Cell], K]) -> dict[K, Tally]:
    """One tally per key, the most calls first."""
    found: dict[K, Tally] = {}
    for cell in cells:
        add(found.setdefault(key(cell), Tally(durations={})), cell.tally)
    return dict(sorted(found.items(), key=lambda item: (-item[1].calls, str(item[0]))))


def over_time(cells: Iterable[Cell], period: Period) -> tuple[Tally, ...]:
    """One tally per bucket of the period, in order; those without calls are empty."""
    found = {begin: Tally(durations={}) for begin in period.buckets}
    for cell in cells:
        bucket = found.get(period.bucket_of(cell.began_at))
        if bucket is not None:
            add(bucket, cell.tally)
    return tuple(found.values())


def sum_of(cells: Iterable[Cell]) -> Tally:
    """All cells together."""
    return total(cell.tally for cell in cells)


def percentiles(tally: Tally, *shares: float) -> tuple[float | None, ...]:
    """Milliseconds, at most 1 % off; None where no call had a known duration."""
    return tuple(percentile(tally.durations, share) for share in shares)


def dollars(tally: Tally) -> float | None:
    """What the priced calls cost; None where none had a price."""
    return None if tally.cost_nano_usd is None else tally.cost_nano_usd / 1e9


def share(part: int, whole: int) -> float | None:
    """From 0 to 1; None of nothing."""
    return part / whole if whole else None
