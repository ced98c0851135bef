"""The truth: every event, whole, compressed together with its trace's others."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, func, select

from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_new
from tracehub.store.schema import DEFAULT_PROJECT, event_blocks

_COLUMNS = ("project_id", "trace_id", "block_id", "event_count", "raw_bytes", "received_at", "data")


def of_traces(
    connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, list[bytes]]:
    """The packed blocks of each trace in the order they were received; a trace without any is left out."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for chunk in in_chunks(trace_ids):
        query = select(event_blocks.c.trace_id, event_blocks.c.data).where(
            event_blocks.c.project_id == project, event_blocks.c.trace_id.in_(chunk)
        )
        for row in connection.execute(query.order_by(event_blocks.c.received_at, event_blocks.c.block_id)):
            found[row.trace_id].append(row.data)
    return dict(found)


def counts(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """How many blocks each of these traces has."""
    found: dict[str, int] = {}
    for chunk in in_chunks(trace_ids):
        query = select(event_blocks.c.trace_id, func.count()).where(
            event_blocks.c.project_id == project, event_blocks.c.trace_id.in_(chunk)
        )
        found.update({row[0]: row[1] for row in connection.execute(query.group_by(event_blocks.c.trace_id))})
    return found


def remove(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Deletes all blocks of these traces."""
    for chunk in in_chunks(trace_ids):
        connection.execute(
            delete(event_blocks).where(event_blocks.c.project_id == project, event_blocks.c.trace_id.in_(chunk))
        )


def add(
    connection: Connection,
    rows: Sequence[tuple[str, str, int, int, int, bytes]],
    *,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Writes new blocks: (trace_id, block_id, event_count, raw_bytes, received_at, data)."""
    insert_new(
        connection,
        event_blocks,
        _COLUMNS,
        [(project, bytes.fromhex(trace), bytes.fromhex(block), *rest) for trace, block, *rest in rows],
    )


def trace_ids(
    connection: Connection, after: str | None, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[str, ...]:
    """The ids of all traces that have events, in their own order, `limit` at a time."""
    query = select(event_blocks.c.trace_id).distinct().where(event_blocks.c.project_id == project)
    if after is not None:
        query = query.where(event_blocks.c.trace_id > after)
    return tuple(connection.scalars(query.order_by(event_blocks.c.trace_id).limit(limit)))
