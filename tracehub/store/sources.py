"""Declared sources, and what came from each."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, case, delete, select, update

from tracehub.errors import NotFoundError
from tracehub.model.listing import Counts
from tracehub.model.source import Source, words_of
from tracehub.model.source_rows import PUSHED, SourceRow
from tracehub.store import leases, log_streams, s3_objects, shards
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, sources

_COUNTS = Counts.__struct_fields__
_MINUTE = 60_000_000


def declare(
    connection: Connection, source: Source, *, declared_in: str, now: int, project: str = DEFAULT_PROJECT
) -> None:
    """Adds a source, or changes what is declared of it; what came from it so far stays."""
    kind = str(words_of(source)["kind"])
    declaration = msgspec.json.encode(words_of(source), order="deterministic").decode()
    _declare(connection, source.name, kind, declaration, declared_in=declared_in, now=now, project=project)


def declare_pushed(connection: Connection, name: str, kind: str, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Adds a source that nobody reads, as it pushes."""
    _declare(connection, name, kind, "{}", declared_in=PUSHED, now=now, project=project)


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Takes the declaration away; the traces that came from it stay. NotFoundError where there is none."""
    gone = connection.execute(delete(sources).where(sources.c.project_id == project, sources.c.name == name)).rowcount
    if gone == 0:
        raise _unknown(name)
    leases.revoke(connection, shards.lease_name(name, ""), project=project)
    shards.remove(connection, name, project=project)


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[SourceRow, ...]:
    """All sources by name, each with its shards. There are as many as a team declares."""
    of_source = shards.every(connection, project=project)
    query = select(sources).where(sources.c.project_id == project).order_by(sources.c.name)
    return tuple(
        SourceRow(
            name=row.name,
            kind=row.kind,
            declaration=row.declaration,
            declared_in=row.declared_in,
            paused=row.paused,
            generation=row.generation,
            collect_from=row.collect_from,
            created_at=row.created_at,
            counts=Counts(**{name: getattr(row, name) for name in _COUNTS}),
            newest_at=row.newest_at,
            stored_at=row.stored_at,
            per_minute=row.last_minute_records,
            shards=tuple(of_source.get(row.name, ())),
        )
        for row in connection.execute(query)
    )


def one(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> SourceRow:
    """The source of this name; NotFoundError where there is none."""
    found = next((row for row in every(connection, project=project) if row.name == name), None)
    if found is None:
        raise _unknown(name)
    return found


def pause(connection: Connection, name: str, paused: bool, *, project: str = DEFAULT_PROJECT) -> None:
    """Stops or resumes the reading of a source; NotFoundError where there is none."""
    _change(connection, name, {"paused": paused}, project)


def collect_again(connection: Connection, name: str, since: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Makes all of the source since then (microseconds since 1970 UTC) as if it had never been read.

    Its readers begin anew there. What is stored already is known again. NotFoundError where there is no such source.
    """
    _change(connection, name, {"collect_from": since}, project)
    shards.restart(connection, name, project=project)
    log_streams.unlearn(connection, name, since // 1000, project=project)
    s3_objects.unlearn(connection, name, since, project=project)


def count(
    connection: Connection,
    name: str,
    counts: Counts,
    *,
    newest_at: int | None,
    now: int,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Adds what came from a source in the caller's transaction."""
    minute = now // _MINUTE
    same = sources.c.minute == minute
    values: dict[str, object] = {field: sources.c[field] + getattr(counts, field) for field in _COUNTS}
    values |= {
        "minute": minute,
        "last_minute_records": case(
            (same, sources.c.last_minute_records), (sources.c.minute == minute - 1, sources.c.minute_records), else_=0
        ),
        "minute_records": case((same, sources.c.minute_records), else_=0) + counts.records,
    }
    if counts.events:
        values["stored_at"] = now
    if newest_at is not None:
        newer = (sources.c.newest_at.is_(None)) | (sources.c.newest_at < newest_at)
        values["newest_at"] = case((newer, newest_at), else_=sources.c.newest_at)
    this = (sources.c.project_id == project, sources.c.name == name)
    connection.execute(update(sources).where(*this).values(values))


def names(connection: Connection, *, declared_in: str, project: str = DEFAULT_PROJECT) -> Sequence[str]:
    """The names of the sources that were declared there."""
    query = select(sources.c.name).where(sources.c.project_id == project, sources.c.declared_in == declared_in)
    return connection.scalars(query).all()


def _declare(
    connection: Connection, name: str, kind: str, declaration: str, *, declared_in: str, now: int, project: str
) -> None:
    row: dict[str, object] = {
        "project_id": project,
        "name": name,
        "kind": kind,
        "declaration": declaration,
        "declared_in": declared_in,
        "paused": False,
        "generation": 1,
        "created_at": now,
        **dict.fromkeys((*_COUNTS, "minute", "minute_records", "last_minute_records"), 0),
    }
    statement = insert(connection, sources).values(row)
    changed = sources.c.declaration != statement.excluded.declaration
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "name"],
            set_={
                "kind": statement.excluded.kind,
                "declaration": statement.excluded.declaration,
                "declared_in": statement.excluded.declared_in,
                "generation": sources.c.generation + case((changed, 1), else_=0),
            },
        )
    )


def _change(connection: Connection, name: str, values: dict[str, object], project: str) -> None:
    """Whoever reads the source now writes nothing more for it, and takes it up again under the new terms."""
    this = (sources.c.project_id == project, sources.c.name == name)
    changed = update(sources).where(*this).values(generation=sources.c.generation + 1, **values)
    if connection.execute(changed).rowcount == 0:
        raise _unknown(name)
    # The source before its leases, as in every batch: nobody waits for one who waits for him.
    leases.revoke(connection, shards.lease_name(name, ""), project=project)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no source named {name[:100]}")
