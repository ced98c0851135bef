"""Declared destinations of exported traces: what is declared of each, how it is doing, what was delivered."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, select, update

from tracehub.errors import NotFoundError
from tracehub.model.destination import Destination, read_destination, words_of
from tracehub.model.export_rows import DestinationRow, ExportState, Standing
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, export_destinations, export_outbox
from tracehub.store.text import clean

_COUNTS = (
    "requests",
    "delivered_traces",
    "delivered_spans",
    "rejected_traces",
    "rejected_spans",
    "too_large_traces",
    "expired_traces",
    "dropped_traces",
)
_KEPT = (
    "name",
    "declaration",
    "declared_in",
    "created_at",
    "generation",
    "paused",
    "stopped_reason",
    "stopped_at",
    "failures",
    "retry_at",
    "last_error",
    "last_error_at",
    "last_delivered_at",
    *_COUNTS,
)
_MINUTE = 60_000_000
LONGEST_ERROR = 4_000


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What one step adds to a destination's counts."""

    requests: int = 0
    delivered_traces: int = 0
    delivered_spans: int = 0
    rejected_traces: int = 0
    rejected_spans: int = 0
    too_large_traces: int = 0
    expired_traces: int = 0
    dropped_traces: int = 0


def declare(
    connection: Connection,
    destination: Destination,
    *,
    declared_in: str,
    now: int,
    secrets: Mapping[str, bytes] | None = None,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Adds a destination, or changes what is declared of it; its counts and what waits for it stay.

    A change makes one that had stopped by itself try again. `secrets` are sealed values of headers, by the header's
    name; None keeps those there are.
    """
    sealed = _written({} if secrets is None else secrets)
    row: dict[str, object] = {
        "project_id": project,
        "name": destination.name,
        "declaration": msgspec.json.encode(words_of(destination), order="deterministic").decode(),
        "secrets": sealed,
        "declared_in": declared_in,
        "created_at": now,
        "generation": 1,
        "paused": False,
        **dict.fromkeys(("failures", "retry_at", *_COUNTS, "minute", "minute_spans", "last_minute_spans"), 0),
    }
    statement = insert(connection, export_destinations).values(row)
    table, new = export_destinations.c, statement.excluded
    kept = table.secrets if secrets is None else new.secrets
    changed = (table.declaration != new.declaration) | (table.secrets != kept)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "name"],
            set_={
                "declaration": new.declaration,
                "secrets": kept,
                "declared_in": new.declared_in,
                "generation": table.generation + case((changed, 1), else_=0),
                "stopped_reason": case((changed, None), else_=table.stopped_reason),
                "stopped_at": case((changed, None), else_=table.stopped_at),
                "failures": case((changed, 0), else_=table.failures),
                "retry_at": case((changed, 0), else_=table.retry_at),
            },
        )
    )


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Takes the declaration away with all that is known of what was sent there. NotFoundError where there is none."""
    these = (export_outbox.c.project_id == project, export_outbox.c.destination == name)
    connection.execute(delete(export_outbox).where(*these))
    if connection.execute(delete(export_destinations).where(*_this(name, project))).rowcount == 0:
        raise _unknown(name)


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[DestinationRow, ...]:
    """All destinations by name. There are as many as a team declares."""
    query = select(export_destinations).where(export_destinations.c.project_id == project)
    return tuple(_row(row) for row in connection.execute(query.order_by(export_destinations.c.name)))


def one(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> DestinationRow:
    """The destination of this name; NotFoundError where there is none."""
    found = connection.execute(select(export_destinations).where(*_this(name, project))).one_or_none()
    if found is None:
        raise _unknown(name)
    return _row(found)


def declarations(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[str, ...]:
    """What is declared of each, as JSON, and no more: every batch of ingest asks for it."""
    query = select(export_destinations.c.declaration).where(export_destinations.c.project_id == project)
    return tuple(connection.scalars(query.order_by(export_destinations.c.name)))


def read(row: DestinationRow) -> Destination:
    """What is declared of it."""
    return read_destination(msgspec.json.decode(row.declaration, type=dict[str, object]))


def names(connection: Connection, *, declared_in: str, project: str = DEFAULT_PROJECT) -> Sequence[str]:
    """The names of the destinations that were declared there."""
    these = (export_destinations.c.project_id == project, export_destinations.c.declared_in == declared_in)
    return connection.scalars(select(export_destinations.c.name).where(*these)).all()


def pause(connection: Connection, name: str, paused: bool, *, project: str = DEFAULT_PROJECT) -> None:
    """Stops the sending, or resumes it, also where the sender had stopped by itself; what waits goes on waiting.

    NotFoundError where there is none.
    """
    values: dict[str, object] = {"paused": paused, "generation": export_destinations.c.generation + 1}
    if not paused:
        values |= {"stopped_reason": None, "stopped_at": None, "failures": 0, "retry_at": 0}
    if connection.execute(update(export_destinations).where(*_this(name, project)).values(values)).rowcount == 0:
        raise _unknown(name)


def stop(connection: Connection, name: str, reason: str, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Notes why nothing more is sent until a person resumes it. What waits is kept."""
    said = clean(reason, LONGEST_ERROR)
    values = {"stopped_reason": said, "stopped_at": now, "last_error": said, "last_error_at": now}
    connection.execute(update(export_destinations).where(*_this(name, project)).values(values))


def note_failure(
    connection: Connection,
    name: str,
    reason: str,
    *,
    retry_at: int,
    failures: int,
    now: int,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Notes that nobody there took anything, and when to try again."""
    values = {
        "failures": failures,
        "retry_at": retry_at,
        "last_error": clean(reason, LONGEST_ERROR),
        "last_error_at": now,
    }
    connection.execute(update(export_destinations).where(*_this(name, project)).values(values))


def note_error(connection: Connection, name: str, reason: str, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Notes what went wrong, and nothing else."""
    values = {"last_error": clean(reason, LONGEST_ERROR), "last_error_at": now}
    connection.execute(update(export_destinations).where(*_this(name, project)).values(values))


def count(connection: Connection, name: str, tally: Tally, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Adds to a destination's counts. After the rows of the outbox, in every transaction, so that nobody waits for one
    that waits for it."""
    table, minute = export_destinations.c, now // _MINUTE
    values: dict[str, object] = {field: table[field] + added for field in _COUNTS if (added := getattr(tally, field))}
    if tally.delivered_spans:
        same = table.minute == minute
        values |= {
            "failures": 0,
            "retry_at": 0,
            "last_delivered_at": now,
            "minute": minute,
            "last_minute_spans": case(
                (same, table.last_minute_spans), (table.minute == minute - 1, table.minute_spans), else_=0
            ),
            "minute_spans": case((same, table.minute_spans), else_=0) + tally.delivered_spans,
        }
    if values:
        connection.execute(update(export_destinations).where(*_this(name, project)).values(values))


def standing(connection: Connection, *, now: int, project: str = DEFAULT_PROJECT) -> tuple[Standing, ...]:
    """How each destination is doing, by name: what the page and the CLI show. `now` is microseconds since 1970 UTC."""
    due = export_outbox.c.due_at <= now
    pending = export_outbox.c.state == ExportState.PENDING.value
    query = (
        select(
            export_outbox.c.destination,
            func.count(case((pending & ~due, 1))).label("held"),
            func.count(case((pending & due, 1))).label("pending"),
            func.count(case((export_outbox.c.state == ExportState.SENDING.value, 1))).label("sending"),
            func.count(case((export_outbox.c.state == ExportState.RETRYING.value, 1))).label("retrying"),
            func.min(case((due, export_outbox.c.due_at))).label("oldest"),
        )
        .where(export_outbox.c.project_id == project, export_outbox.c.next_at.is_not(None))
        .group_by(export_outbox.c.destination)
    )
    waiting = {row.destination: row for row in connection.execute(query)}
    return tuple(_standing(row, waiting.get(row.name), now) for row in every(connection, project=project))


def _standing(row: DestinationRow, waiting: Row[Any] | None, now: int) -> Standing:
    lately = row.last_delivered_at is not None and now // _MINUTE - row.last_delivered_at // _MINUTE <= 1
    return Standing(
        destination=row,
        held=waiting.held if waiting else 0,
        pending=waiting.pending if waiting else 0,
        sending=waiting.sending if waiting else 0,
        retrying=waiting.retrying if waiting else 0,
        oldest_due_at=waiting.oldest if waiting else None,
        per_minute=row.per_minute if lately else None,
    )


def _row(row: Row[Any]) -> DestinationRow:
    secrets = msgspec.json.decode(row.secrets, type=dict[str, str])
    return DestinationRow(
        secrets={name: b64decode(value) for name, value in secrets.items()},
        # A minute that began with nothing before it has no whole one to tell of.
        per_minute=row.last_minute_spans or row.minute_spans,
        **{name: getattr(row, name) for name in _KEPT},
    )


def _written(secrets: Mapping[str, bytes]) -> str:
    return msgspec.json.encode(
        {name.lower(): b64encode(value).decode() for name, value in sorted(secrets.items())}
    ).decode()


def _this(name: str, project: str) -> tuple[ColumnElement[bool], ...]:
    return export_destinations.c.project_id == project, export_destinations.c.name == name


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no destination named {name[:100]}")
