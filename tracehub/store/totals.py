"""What all calls ever stored add up to, by who called what: the rollups of whole days, added together."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from tracehub.model.tally import DIMENSIONS, SUMS, Cell, Tally, cell_of
from tracehub.store.rollups import DAY
from tracehub.store.schema import DEFAULT_PROJECT, rollups

_read_durations = msgspec.msgpack.Decoder(dict[int, int]).decode
_BY = [rollups.c.cell_id, *(rollups.c[name] for name in DIMENSIONS)]


class Totals(msgspec.Struct, frozen=True):
    """The cells with the most calls of each kind, `began_at` being 0, and how many of each kind there are beside."""

    cells: tuple[Cell, ...]
    left_out: dict[str, int]


def totals(connection: Connection, kinds: Sequence[str], limit: int, *, project: str = DEFAULT_PROJECT) -> Totals:
    """The totals of these kinds in two questions, at most `limit` cells of each kind.

    Of a day that is being added up they are those of the last time it was.
    """
    these = (rollups.c.project_id == project, rollups.c.minutes == DAY, rollups.c.kind.in_(list(kinds)))
    calls = func.sum(rollups.c.calls)
    ranked = (
        select(
            *_BY,
            *(func.sum(rollups.c[name]).label(name) for name in SUMS),
            func.row_number()
            .over(partition_by=rollups.c.kind, order_by=(calls.desc(), rollups.c.cell_id))
            .label("place"),
            func.count().over(partition_by=rollups.c.kind).label("every"),
        )
        .where(*these)
        .group_by(*_BY)
        .subquery()
    )
    rows = connection.execute(select(ranked).where(ranked.c.place <= limit)).all()
    found = {row.cell_id: (tuple(row[1 : 1 + len(DIMENSIONS)]), _tally(row._mapping)) for row in rows}
    left_out = {row.kind: row.every - limit for row in rows if row.every > limit}
    durations = select(rollups.c.cell_id, rollups.c.durations).where(*these, rollups.c.durations.is_not(None))
    if left_out:
        durations = durations.where(rollups.c.cell_id.in_(select(ranked.c.cell_id).where(ranked.c.place <= limit)))
    for cell_id, packed in connection.execute(durations):
        # What was added up between the two questions is told the next time.
        if cell_id in found:
            counts = found[cell_id][1].durations
            for bucket, number in _read_durations(packed).items():
                counts[bucket] = counts.get(bucket, 0) + number
    return Totals(tuple(cell_of(0, dimensions, tally) for dimensions, tally in found.values()), left_out)


def _tally(row: RowMapping) -> Tally:
    """PostgreSQL sums bigint as numeric, but these are whole numbers."""
    tally = Tally(durations={})
    for name in SUMS:
        setattr(tally, name, None if row[name] is None else int(row[name]))
    return tally
