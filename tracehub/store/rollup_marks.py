"""Which stretches of five minutes are to be added up anew.

Whoever writes or removes a trace marks its stretch in the same transaction. A mark carries its transaction's number, so
that adding up takes away only the marks it has seen: what is written meanwhile stays marked.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, or_, select

from tracehub.store.dialect import insert_missing, transaction_number
from tracehub.store.schema import DEFAULT_PROJECT, rollup_marks

SLOT_US = 300_000_000
SLOTS_AN_HOUR = 12


def mark(connection: Connection, ordered_at: Iterable[int], *, project: str = DEFAULT_PROJECT) -> None:
    """Marks the stretches of traces and sessions that are written or removed in this transaction."""
    slots = sorted({at // SLOT_US for at in ordered_at})
    if slots:
        number = transaction_number(connection)
        rows: list[dict[str, object]] = [
            {"project_id": project, "slot": slot, "transaction_number": number} for slot in slots
        ]
        insert_missing(connection, rollup_marks, rows)


def take_newest_hour(connection: Connection, *, project: str = DEFAULT_PROJECT) -> list[int]:
    """Takes the marks of the newest hour that has some; the slots that were marked, none where no hour has any.

    One statement takes the marks it sees: those of transactions that end later stay.
    """
    newest = connection.scalar(
        select(rollup_marks.c.slot)
        .where(rollup_marks.c.project_id == project)
        .order_by(rollup_marks.c.slot.desc())
        .limit(1)
    )
    if newest is None:
        return []
    first = newest - newest % SLOTS_AN_HOUR
    these = (
        rollup_marks.c.project_id == project,
        rollup_marks.c.slot >= first,
        rollup_marks.c.slot < first + SLOTS_AN_HOUR,
    )
    taken = connection.scalars(delete(rollup_marks).where(*these).returning(rollup_marks.c.slot))
    return sorted(set(taken))


def others_of_day(connection: Connection, hour: int, *, project: str = DEFAULT_PROJECT) -> bool:
    """Whether other hours of an hour's day are marked."""
    first, day = hour * SLOTS_AN_HOUR, hour // 24 * 24 * SLOTS_AN_HOUR
    other = select(1).where(
        rollup_marks.c.project_id == project,
        rollup_marks.c.slot >= day,
        rollup_marks.c.slot < day + 24 * SLOTS_AN_HOUR,
        or_(rollup_marks.c.slot < first, rollup_marks.c.slot >= first + SLOTS_AN_HOUR),
    )
    return connection.scalar(other.limit(1)) is not None
