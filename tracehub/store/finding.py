"""Finds a text in the steps of one session."""

from sqlalchemy import ColumnElement, Connection, or_, select

from tracehub.model.listing import StepHit
from tracehub.store.schema import DEFAULT_PROJECT, spans, traces

_OWN = (spans.c.name, spans.c.model_id, spans.c.summary, spans.c.error_type, spans.c.error_text)


def steps_with(
    connection: Connection, session_id: str, text: str, *, limit: int, project: str = DEFAULT_PROJECT
) -> tuple[StepHit, ...]:
    """The first `limit` steps whose row holds the text, in the order of the session; case does not matter.

    SQLite folds the case of ASCII letters only.
    """
    own = or_(*(_holds(column, text) for column in _OWN))
    said = _holds(spans.c.rationale, text)
    query = (
        select(spans.c.trace_id, spans.c.span_id, spans.c.kind, spans.c.rationale, own.label("own"))
        .select_from(traces)
        .join(spans, (spans.c.project_id == traces.c.project_id) & (spans.c.trace_id == traces.c.trace_id))
        .where(traces.c.project_id == project, traces.c.session_id == session_id, or_(own, said))
        .order_by(traces.c.ordered_at, traces.c.trace_id, spans.c.seq)
        .limit(limit)
    )
    return tuple(
        StepHit(trace_id=row.trace_id, span_id=row.span_id, kind=row.kind, rationale=row.rationale, own=bool(row.own))
        for row in connection.execute(query)
    )


def _holds(column: ColumnElement[str | None], text: str) -> ColumnElement[bool]:
    return column.icontains(text, autoescape=True)
