"""Turns that were written later than they were made."""

from sqlalchemy import Connection, select

from tracehub.store.schema import DEFAULT_PROJECT, traces


def written_slots(
    connection: Connection, written_since: int, since: int, until: int, slot_us: int, *, project: str = DEFAULT_PROJECT
) -> tuple[int, ...]:
    """In which stretches of `slot_us` from `since` to `until` the turns lie of which events were stored since
    `written_since`, by the database's clock."""
    slot = (traces.c.ordered_at - traces.c.ordered_at % slot_us).label("slot")
    query = (
        select(slot)
        .distinct()
        .where(
            traces.c.project_id == project,
            traces.c.written_at >= written_since,
            traces.c.ordered_at >= since,
            traces.c.ordered_at < until,
        )
    )
    return tuple(sorted(connection.scalars(query)))
