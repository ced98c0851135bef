"""The parts of sources that are read apart: what their readers told last, and where the next one goes on."""

from sqlalchemy import Connection, delete, select, update

from tracehub.model.source_rows import ShardRow
from tracehub.store import leases
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, source_shards
from tracehub.store.text import clean

_LONGEST_ERROR = 10_000


def lease_name(name: str, shard: str) -> str:
    """The lease that the reader of this part of a source holds."""
    return f"source/{name}/{shard}"


def tell(
    connection: Connection,
    name: str,
    shard: str,
    *,
    state: str,
    read_until: int | None,
    waiting: int | None,
    error: str | None,
    now: int,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Notes what a reader tells of itself; the last error stays to be read after it has passed."""
    told = {"state": state, "read_until": read_until, "waiting": waiting, "told_at": now}
    failed = {"error": clean(error, _LONGEST_ERROR), "error_at": now} if error is not None else {}
    statement = insert(connection, source_shards).values(
        {"project_id": project, "name": name, "shard": shard, "position": "", **told, **failed}
    )
    kept: dict[str, object] = {**told, **failed}
    if read_until is None:
        kept["read_until"] = source_shards.c.read_until
    connection.execute(statement.on_conflict_do_update(index_elements=["project_id", "name", "shard"], set_=kept))


def move(
    connection: Connection, name: str, shard: str, position: str, *, now: int, project: str = DEFAULT_PROJECT
) -> None:
    """Moves the position from which the next reader goes on."""
    statement = insert(connection, source_shards).values(
        {
            "project_id": project,
            "name": name,
            "shard": shard,
            "state": "reading",
            "told_at": now,
            "position": position,
        }
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["project_id", "name", "shard"], set_={"position": position})
    )


def position(connection: Connection, name: str, shard: str, *, project: str = DEFAULT_PROJECT) -> str:
    """Where the next reader goes on; empty where it begins."""
    this = (source_shards.c.project_id == project, source_shards.c.name == name, source_shards.c.shard == shard)
    return connection.scalar(select(source_shards.c.position).where(*this)) or ""


def restart(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets the positions of all parts of a source."""
    this = (source_shards.c.project_id == project, source_shards.c.name == name)
    connection.execute(update(source_shards).where(*this).values(position="", read_until=None))


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets all parts of a source."""
    this = (source_shards.c.project_id == project, source_shards.c.name == name)
    connection.execute(delete(source_shards).where(*this))


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> dict[str, list[ShardRow]]:
    """The parts of every source."""
    holders = leases.holders(connection, project=project)
    found: dict[str, list[ShardRow]] = {}
    query = select(source_shards).where(source_shards.c.project_id == project).order_by(source_shards.c.shard)
    for row in connection.execute(query):
        found.setdefault(row.name, []).append(
            ShardRow(
                shard=row.shard,
                state=row.state,
                read_until=row.read_until,
                waiting=row.waiting,
                error=row.error,
                error_at=row.error_at,
                told_at=row.told_at,
                holder=holders.get(lease_name(row.name, row.shard)),
            )
        )
    return found
