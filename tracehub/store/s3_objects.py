"""The versions of objects that were read, given up or lost."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

from sqlalchemy import Connection, delete, func, select

from tracehub.model.collected import ObjectVersion
from tracehub.model.source_rows import ObjectRow
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, s3_objects
from tracehub.store.text import clean

# read: stored whole. failed: to be tried again. given_up: a person has to ask. superseded: it is not there any more.
ObjectState = Literal["read", "failed", "given_up", "superseded"]
# What was superseded may come back, with the same bytes and so the same etag.
_FINAL = ("read", "given_up")
_FIELDS = ObjectRow.__struct_fields__


def id_of(version: ObjectVersion) -> str:
    """32 hex digits that name a version of an object."""
    name = "\0".join((version.bucket, version.key, version.version))
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def done(connection: Connection, ids: Sequence[str], *, project: str = DEFAULT_PROJECT) -> set[str]:
    """Which of these are not to be read any more."""
    query = select(s3_objects.c.object_id).where(
        s3_objects.c.project_id == project, s3_objects.c.object_id.in_(ids), s3_objects.c.state.in_(_FINAL)
    )
    return set(connection.scalars(query))


def note(
    connection: Connection,
    source: str,
    version: ObjectVersion,
    state: ObjectState,
    *,
    error: str | None,
    now: int,
    project: str = DEFAULT_PROJECT,
) -> int:
    """Notes what became of a version; how often its reading has failed."""
    failed = 1 if state == "failed" else 0
    changes = {
        "state": state,
        "error": None if error is None else clean(error, 10_000),
        "updated_at": now,
    }
    statement = insert(connection, s3_objects).values(
        {
            "project_id": project,
            "object_id": id_of(version),
            "source": clean(source, 100),
            "bucket": clean(version.bucket, 255),
            "key": clean(version.key, 1100),
            "version": clean(version.version, 1100),
            "size": version.size,
            "modified_at": version.modified_at,
            "attempts": failed,
            **changes,
        }
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "object_id"],
            set_={**changes, "attempts": s3_objects.c.attempts + failed},
        )
    )
    this = (s3_objects.c.project_id == project, s3_objects.c.object_id == id_of(version))
    return connection.scalar(select(s3_objects.c.attempts).where(*this)) or 0


def troubled(
    connection: Connection, source: str, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[ObjectRow, ...]:
    """The versions of a source that could not be read, the latest first."""
    query = (
        select(*(s3_objects.c[name] for name in _FIELDS))
        .where(
            s3_objects.c.project_id == project,
            s3_objects.c.source == source,
            s3_objects.c.state.in_(("failed", "given_up")),
        )
        .order_by(s3_objects.c.updated_at.desc())
        .limit(limit)
    )
    return tuple(ObjectRow(**dict(row._mapping)) for row in connection.execute(query))


def counts(connection: Connection, source: str, *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """How many versions of a source are in each state."""
    query = (
        select(s3_objects.c.state, func.count())
        .where(s3_objects.c.project_id == project, s3_objects.c.source == source)
        .group_by(s3_objects.c.state)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def unlearn(connection: Connection, source: str, since: int | None, *, project: str = DEFAULT_PROJECT) -> None:
    """Makes a source's objects that were changed since then as if they had never been read.

    None asks only for those that were given up.
    """
    of_these = [s3_objects.c.project_id == project, s3_objects.c.source == source]
    if since is None:
        of_these.append(s3_objects.c.state.in_(("failed", "given_up")))
    else:
        of_these.append(s3_objects.c.modified_at.is_(None) | (s3_objects.c.modified_at >= since))
    connection.execute(delete(s3_objects).where(*of_these))
