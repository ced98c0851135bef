"""How many steps of each kind a session has."""

from sqlalchemy import Connection, func, select

from tracehub.model.listing import StepCounts
from tracehub.store.schema import DEFAULT_PROJECT, spans, traces


def of_session(connection: Connection, session_id: str, *, project: str = DEFAULT_PROJECT) -> StepCounts:
    """The steps of all its traces by kind, and those with an error; a trace's root is no step."""
    query = (
        select(spans.c.kind, func.count().label("steps"), func.count(spans.c.error_source).label("errors"))
        .select_from(traces)
        .join(spans, (spans.c.project_id == traces.c.project_id) & (spans.c.trace_id == traces.c.trace_id))
        .where(traces.c.project_id == project, traces.c.session_id == session_id, spans.c.seq > 0)
        .group_by(spans.c.kind)
    )
    rows = connection.execute(query).all()
    return StepCounts(kinds={row.kind: row.steps for row in rows}, errors=sum(row.errors for row in rows))
