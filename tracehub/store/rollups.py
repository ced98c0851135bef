"""What calls add up to per five minutes, hour, six hours and day: exact once no stretch is marked any more."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select

from tracehub.model.listing import Filter
from tracehub.model.tally import DIMENSIONS, SUMS, Cell, Tally, add, cell_of
from tracehub.store.dialect import insert_new, lock
from tracehub.store.rollup_cells import cells_of
from tracehub.store.rollup_marks import SLOTS_AN_HOUR, others_of_day, take_newest_hour
from tracehub.store.schema import DEFAULT_PROJECT, rollup_marks, rollups

FIVE_MINUTES, HOUR, QUARTER, DAY = 5, 60, 360, 1440
GRAINS = (FIVE_MINUTES, HOUR, QUARTER, DAY)
MINUTE_US = 60_000_000

_COLUMNS = [rollups.c[name] for name in ("slot", *DIMENSIONS, *SUMS, "last_at", "durations")]
_read_durations = msgspec.msgpack.Decoder(dict[int, int]).decode


def refresh(connection: Connection, *, project: str = DEFAULT_PROJECT) -> bool:
    """Adds up the newest marked hour anew, and its day if no other hour of it is marked; False where nothing is."""
    lock(connection, ["rollups"])
    slots = take_newest_hour(connection, project=project)
    if not slots:
        return False
    _replace(connection, FIVE_MINUTES, slots, cells_of(connection, project, slots), project)
    hour = slots[0] // SLOTS_AN_HOUR
    _add_up(connection, HOUR, hour, FIVE_MINUTES, project)
    # Of a day with much to do only the last hour adds it up.
    if not others_of_day(connection, hour, project=project):
        first = hour // 24 * 4
        for quarter in range(first, first + 4):
            _add_up(connection, QUARTER, quarter, HOUR, project)
        _add_up(connection, DAY, hour // 24, QUARTER, project)
    return True


def waiting(connection: Connection, *, project: str = DEFAULT_PROJECT) -> int:
    """How many stretches of five minutes are not added up yet."""
    query = select(func.count(rollup_marks.c.slot.distinct())).where(rollup_marks.c.project_id == project)
    return connection.scalar(query) or 0


def bounds(
    connection: Connection, earliest: int, latest: int, *, project: str = DEFAULT_PROJECT
) -> tuple[int, int] | None:
    """From the begin of the first hour that anything is known of to the end of the last (microseconds).

    Only what lies from `earliest` to `latest` counts; None where nothing does.
    """
    length = HOUR * MINUTE_US
    slots = select(rollups.c.slot).where(
        rollups.c.project_id == project,
        rollups.c.minutes == HOUR,
        rollups.c.slot >= earliest // length,
        rollups.c.slot <= latest // length,
    )
    first = connection.scalar(slots.order_by(rollups.c.slot).limit(1))
    last = connection.scalar(slots.order_by(rollups.c.slot.desc()).limit(1))
    return None if first is None or last is None else (first * length, (last + 1) * length)


def names_called(
    connection: Connection, kinds: Sequence[str], names: Sequence[str], *, project: str = DEFAULT_PROJECT
) -> frozenset[str]:
    """Which of these names were ever called, as far as it is added up."""
    query = select(rollups.c.name).distinct().where(rollups.c.project_id == project, rollups.c.minutes == DAY)
    return frozenset(connection.scalars(query.where(rollups.c.kind.in_(kinds), rollups.c.name.in_(names))))


def cells(
    connection: Connection,
    kinds: Iterable[str],
    filter: Filter,
    minutes: int,
    *,
    names: Sequence[str] = (),
    project: str = DEFAULT_PROJECT,
) -> list[Cell]:
    """The cells of these kinds, one per stretch of `minutes` (one of GRAINS) from `since` to `until`.

    Of the filter only times, agents, aliases and versions count; the times must lie on the bounds of stretches.
    """
    length = minutes * MINUTE_US
    conditions = [rollups.c.project_id == project, rollups.c.minutes == minutes, rollups.c.kind.in_(list(kinds))]
    if filter.since is not None:
        conditions.append(rollups.c.slot >= filter.since // length)
    if filter.until is not None:
        conditions.append(rollups.c.slot < -(-filter.until // length))
    for column, wanted in (
        (rollups.c.agent_id, filter.agents),
        (rollups.c.alias_id, filter.aliases),
        (rollups.c.agent_version, filter.versions),
        (rollups.c.name, names),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    found = connection.execute(select(*_COLUMNS).where(*conditions))
    return [cell_of(row[0] * length, row[1 : 1 + len(DIMENSIONS)], _tally(row)) for row in found]


def _add_up(connection: Connection, minutes: int, slot: int, from_minutes: int, project: str) -> None:
    """Makes one stretch of the shorter ones in it."""
    ratio = minutes // from_minutes
    query = select(*_COLUMNS).where(
        rollups.c.project_id == project,
        rollups.c.minutes == from_minutes,
        rollups.c.slot >= slot * ratio,
        rollups.c.slot < (slot + 1) * ratio,
    )
    sums: dict[tuple[object, ...], Tally] = {}
    for row in connection.execute(query):
        key, tally = tuple(row[1 : 1 + len(DIMENSIONS)]), _tally(row)
        if key in sums:
            add(sums[key], tally)
        else:
            sums[key] = tally
    began_at = slot * minutes * MINUTE_US
    _replace(connection, minutes, [slot], [cell_of(began_at, key, tally) for key, tally in sums.items()], project)


def _replace(connection: Connection, minutes: int, slots: Sequence[int], found: Sequence[Cell], project: str) -> None:
    connection.execute(
        delete(rollups).where(
            rollups.c.project_id == project, rollups.c.minutes == minutes, rollups.c.slot.in_(list(slots))
        )
    )
    insert_new(connection, rollups, _WRITTEN, [_values(cell, minutes, project) for cell in found])


def _values(cell: Cell, minutes: int, project: str) -> tuple[object, ...]:
    """In the order of _WRITTEN."""
    dimensions = tuple(getattr(cell, name) for name in DIMENSIONS)
    tally = cell.tally
    return (
        project,
        minutes,
        cell.began_at // (minutes * MINUTE_US),
        blake2b(msgspec.json.encode(dimensions), digest_size=16).digest(),
        *dimensions,
        *(getattr(tally, name) for name in SUMS),
        tally.last_at,
        msgspec.msgpack.encode(tally.durations) if tally.durations else None,
    )


_WRITTEN = ("project_id", "minutes", "slot", "cell_id", *DIMENSIONS, *SUMS, "last_at", "durations")


def _tally(row: Row[Any]) -> Tally:
    *sums, last_at, durations = row[1 + len(DIMENSIONS) :]
    return Tally(
        **dict(zip(SUMS, sums, strict=True)),
        last_at=last_at,
        durations=_read_durations(durations) if durations else {},
    )
