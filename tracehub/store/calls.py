"""The latest calls of one tool or knowledge base, and the latest interventions of guardrails."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, select

from tracehub.model.call import CallRow
from tracehub.model.listing import Filter
from tracehub.store.schema import DEFAULT_PROJECT, has_no_results, is_lookup, is_tool_call, spans, traces

_OF_TRACE = {"session_id", "agent_id", "alias_id", "agent_version"}
_FIELDS = CallRow.__struct_fields__
_own_trace = and_(traces.c.project_id == spans.c.project_id, traces.c.trace_id == spans.c.trace_id)
# Asked for each of the few calls that are shown: a join would let SQLite begin with the traces and read all of them.
_COLUMNS = [
    select(traces.c[name]).where(_own_trace).scalar_subquery().label(name) if name in _OF_TRACE else spans.c[name]
    for name in _FIELDS
]


def of_tool(
    connection: Connection,
    tool: str,
    filter: Filter,
    limit: int,
    *,
    failing: bool = False,
    project: str = DEFAULT_PROJECT,
) -> tuple[CallRow, ...]:
    """The calls of a tool that began last, newest first; with `failing` only those with an error."""
    conditions = [is_tool_call, spans.c.name == tool]
    if failing:
        conditions.append(spans.c.error_source.is_not(None))
    return _latest(connection, conditions, filter, limit, project)


def of_knowledge_base(
    connection: Connection, name: str, filter: Filter, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[CallRow, ...]:
    """The lookups in a knowledge base that began last, newest first."""
    return _latest(connection, [is_lookup, spans.c.name == name], filter, limit, project)


def without_results(
    connection: Connection, filter: Filter, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[CallRow, ...]:
    """The latest lookups that found nothing, newest first."""
    return _latest(connection, [has_no_results], filter, limit, project)


def interventions(
    connection: Connection, filter: Filter, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[CallRow, ...]:
    """The assessments in which a guardrail stepped in, newest first."""
    return _latest(connection, [spans.c.policies.is_not(None)], filter, limit, project)


def _latest(
    connection: Connection, conditions: list[ColumnElement[bool]], filter: Filter, limit: int, project: str
) -> tuple[CallRow, ...]:
    """Ordered as the indexes have them, by the calls' own start; those without a time come last."""
    query = select(*_COLUMNS).where(spans.c.project_id == project, *conditions)
    for column, wanted in (
        (traces.c.agent_id, filter.agents),
        (traces.c.alias_id, filter.aliases),
        (traces.c.agent_version, filter.versions),
    ):
        if wanted:
            query = query.where(exists(select(1).where(_own_trace, column.in_(wanted))))
    timed = query.where(spans.c.started_at >= (filter.since or 0))
    if filter.until is not None:
        timed = timed.where(spans.c.started_at < filter.until)
    found = connection.execute(timed.order_by(spans.c.started_at.desc()).limit(limit)).all()
    if len(found) < limit and filter.since is None and filter.until is None:
        untimed = query.where(spans.c.started_at.is_(None)).limit(limit - len(found))
        found = [*found, *connection.execute(untimed)]
    return tuple(_row(row) for row in found)


def _row(row: Row[Any]) -> CallRow:
    return CallRow(**dict(zip(_FIELDS, row, strict=True)))
