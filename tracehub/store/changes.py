"""Which traces were written since when."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from tracehub.model.change import Change
from tracehub.model.listing import Filter
from tracehub.model.span import Outcome
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import clock
from tracehub.store.filtering import trace_conditions
from tracehub.store.schema import DEFAULT_PROJECT, traces

# Who is silent for so long has stopped, or was left alone.
RUNNING_US = 120_000_000
# What says of itself that it is older than this was collected late or read from a file: it does not run.
LATE_US = 900_000_000
_COLUMNS = (traces.c.trace_id, traces.c.session_id, traces.c.written_at, traces.c.event_count, traces.c.steps)


def newest(
    connection: Connection,
    *,
    since: int = 0,
    filter: Filter | None = None,
    session_id: str | None = None,
    limit: int,
    project: str = DEFAULT_PROJECT,
) -> tuple[Change, ...]:
    """The traces that match, written at `since` or later; the last written first, and of one moment the last begun."""
    conditions = trace_conditions(filter) if filter else []
    if session_id is not None:
        conditions.append(traces.c.session_id == session_id)
    query = select(*_COLUMNS).where(traces.c.project_id == project, traces.c.written_at >= since, *conditions)
    ordered = query.order_by(traces.c.written_at.desc(), traces.c.ordered_at.desc(), traces.c.trace_id.desc())
    return tuple(Change(*row) for row in connection.execute(ordered.limit(limit)))


def matching(
    connection: Connection, trace_ids: Collection[str], filter: Filter, *, project: str = DEFAULT_PROJECT
) -> frozenset[str]:
    """Those of these traces that match."""
    found: set[str] = set()
    for chunk in in_chunks(trace_ids):
        these = (traces.c.project_id == project, traces.c.trace_id.in_(chunk))
        found.update(connection.scalars(select(traces.c.trace_id).where(*these, *trace_conditions(filter))))
    return frozenset(found)


def running(connection: Connection, session_ids: Collection[str], *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """Those of these sessions whose last turn has not ended and gained something in the last two minutes; and when."""
    found: dict[str, int] = {}
    now = clock(connection)
    for chunk in in_chunks(session_ids):
        query = select(traces.c.session_id, traces.c.written_at).where(
            traces.c.project_id == project,
            traces.c.session_id.in_(chunk),
            traces.c.outcome == Outcome.INCOMPLETE.value,
            traces.c.written_at >= now - RUNNING_US,
            func.coalesce(traces.c.ended_at, traces.c.started_at, now) >= now - LATE_US,
            ~_has_later(),
        )
        found.update((row.session_id, row.written_at) for row in connection.execute(query))
    return found


def _has_later() -> ColumnElement[bool]:
    """Whether a later turn of the trace's session is stored."""
    later = traces.alias("later")
    return exists(
        select(1).where(
            later.c.project_id == traces.c.project_id,
            later.c.session_id == traces.c.session_id,
            or_(
                later.c.ordered_at > traces.c.ordered_at,
                (later.c.ordered_at == traces.c.ordered_at) & (later.c.trace_id > traces.c.trace_id),
            ),
        )
    )
