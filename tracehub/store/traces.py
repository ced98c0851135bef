"""The rows of traces: what lists show of one call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, and_, delete, func, or_, select

from tracehub.errors import NotFoundError
from tracehub.model.listing import Filter, Key, Page, TraceRow
from tracehub.model.span import Outcome
from tracehub.store import rollup_marks
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_new, now
from tracehub.store.filtering import trace_conditions
from tracehub.store.paging import keyset_page
from tracehub.store.schema import DEFAULT_PROJECT, traces

_FIELDS = TraceRow.__struct_fields__
_COLUMNS = [traces.c[name] for name in _FIELDS]


def page(
    connection: Connection,
    filter: Filter,
    *,
    older_than: Key | None = None,
    newer_than: Key | None = None,
    limit: int,
    project: str = DEFAULT_PROJECT,
) -> Page[TraceRow]:
    """Traces that match, the latest begun first."""
    query = select(*_COLUMNS).where(traces.c.project_id == project, *trace_conditions(filter))
    return keyset_page(
        connection,
        query,
        (traces.c.ordered_at, traces.c.trace_id),
        row=_row,
        key=lambda row: Key(row.ordered_at, row.trace_id),
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )


def get(connection: Connection, trace_id: str, *, project: str = DEFAULT_PROJECT) -> TraceRow:
    """One trace; NotFoundError where there is none."""
    query = select(*_COLUMNS).where(traces.c.project_id == project, traces.c.trace_id == trace_id)
    found = connection.execute(query).first()
    if found is None:
        msg = f"there is no trace {trace_id}"
        raise NotFoundError(msg)
    return _row(found)


def among(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, TraceRow]:
    """Those of these traces that are stored."""
    found: dict[str, TraceRow] = {}
    for chunk in in_chunks(trace_ids):
        query = select(*_COLUMNS).where(traces.c.project_id == project, traces.c.trace_id.in_(chunk))
        found.update((row.trace_id, _row(row)) for row in connection.execute(query))
    return found


def of_session(connection: Connection, session_id: str, *, project: str = DEFAULT_PROJECT) -> tuple[TraceRow, ...]:
    """A session's traces in the order they began: its turns."""
    query = select(*_COLUMNS).where(traces.c.project_id == project, traces.c.session_id == session_id)
    return tuple(_row(row) for row in connection.execute(query.order_by(traces.c.ordered_at, traces.c.trace_id)))


def number_of(connection: Connection, session_id: str, trace_id: str, *, project: str = DEFAULT_PROJECT) -> int:
    """Which of a session's turns a trace is, from 1; NotFoundError where it is none of them."""
    of_session = (traces.c.project_id == project, traces.c.session_id == session_id)
    begun = connection.scalar(select(traces.c.ordered_at).where(*of_session, traces.c.trace_id == trace_id))
    if begun is None:
        raise NotFoundError("this session has no such turn")
    earlier = or_(traces.c.ordered_at < begun, and_(traces.c.ordered_at == begun, traces.c.trace_id <= trace_id))
    return connection.scalar(select(func.count()).select_from(traces).where(*of_session, earlier)) or 1


def turns_before(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, str]:
    """The trace that came before each of these in its session; one that is the first, or names none, is left out."""
    this, other = traces.alias("this"), traces.alias("other")
    earlier = or_(
        other.c.ordered_at < this.c.ordered_at,
        and_(other.c.ordered_at == this.c.ordered_at, other.c.trace_id < this.c.trace_id),
    )
    before = (
        select(other.c.trace_id)
        .where(other.c.project_id == project, other.c.session_id == this.c.session_id, earlier)
        .order_by(other.c.ordered_at.desc(), other.c.trace_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found: dict[str, str] = {}
    for chunk in in_chunks(trace_ids):
        query = select(this.c.trace_id, before.label("before")).where(
            this.c.project_id == project, this.c.trace_id.in_(chunk), this.c.session_reported
        )
        found |= {row.trace_id: row.before for row in connection.execute(query) if row.before is not None}
    return found


def sessions_of(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, str]:
    """The session of each of these traces that is stored."""
    found: dict[str, str] = {}
    for chunk in in_chunks(trace_ids):
        query = select(traces.c.trace_id, traces.c.session_id).where(
            traces.c.project_id == project, traces.c.trace_id.in_(chunk)
        )
        found.update({row.trace_id: row.session_id for row in connection.execute(query)})
    return found


def written(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """When an event of each of these traces was last stored, by the database's clock."""
    found: dict[str, int] = {}
    for chunk in in_chunks(trace_ids):
        query = select(traces.c.trace_id, traces.c.written_at).where(
            traces.c.project_id == project, traces.c.trace_id.in_(chunk)
        )
        found.update({row.trace_id: row.written_at for row in connection.execute(query)})
    return found


def received(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """When the first event of each of these traces was received."""
    found: dict[str, int] = {}
    for chunk in in_chunks(trace_ids):
        query = select(traces.c.trace_id, traces.c.received_at).where(
            traces.c.project_id == project, traces.c.trace_id.in_(chunk)
        )
        found.update({row.trace_id: row.received_at for row in connection.execute(query)})
    return found


def remove(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Deletes the rows of these traces; their events and spans are other tables' matter."""
    for chunk in in_chunks(trace_ids):
        these = (traces.c.project_id == project, traces.c.trace_id.in_(chunk))
        rollup_marks.mark(connection, connection.scalars(select(traces.c.ordered_at).where(*these)), project=project)
        connection.execute(delete(traces).where(*these))


def add(
    connection: Connection,
    columns: Sequence[str],
    rows: Sequence[tuple[object, ...]],
    written: Mapping[str, int] | None = None,
) -> None:
    """Writes the rows of traces that have none; values in the driver's types, see `dialect.insert_new`.

    They are written now, but those of which `written` tells were written then.
    """
    if not rows:
        return
    place, before, at = columns.index("trace_id"), written or {}, now(connection)
    stamped = [(*row, before.get(cast("bytes", row[place]).hex(), at)) for row in rows]
    insert_new(connection, traces, [*columns, "written_at"], stamped)
    ordered_at = columns.index("ordered_at")
    rollup_marks.mark(connection, (cast("int", row[ordered_at]) for row in rows))


def _row(row: Row[Any]) -> TraceRow:
    values = dict(zip(_FIELDS, row, strict=True))
    values["outcome"] = Outcome(values["outcome"])
    return TraceRow(**values)
