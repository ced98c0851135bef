"""The latest calls of one tool or knowledge base, and the latest interventions of guardrails."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, literal_column, select

from tracehub.model.call import CallRow
from tracehub.model.listing import Filter
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, spans, traces

_OF_TRACE = {"session_id", "agent_id", "alias_id", "agent_version"}
_FIELDS = CallRow.__struct_fields__
_COLUMNS = [(traces if name in _OF_TRACE else spans).c[name] for name in _FIELDS]
_of_trace = and_(spans.c.project_id == traces.c.project_id, spans.c.trace_id == traces.c.trace_id)


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
    return _latest(connection, [_is_lookup, spans.c.name == name], filter, limit, project)


def without_results(
    connection: Connection, filter: Filter, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[CallRow, ...]:
    """The latest lookups that found nothing, newest first."""
    return _latest(connection, [_is_lookup, spans.c.results == 0], filter, limit, project)


def interventions(
    connection: Connection, filter: Filter, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[CallRow, ...]:
    """The assessments in which a guardrail stepped in, newest first."""
    return _latest(connection, [spans.c.policies.is_not(None)], filter, limit, project)


def _latest(
    connection: Connection, conditions: list[ColumnElement[bool]], filter: Filter, limit: int, project: str
) -> tuple[CallRow, ...]:
    """Ordered as the indexes have them, by the calls' own start; those without a time come last."""
    query = (
        select(*_COLUMNS).select_from(spans.join(traces, _of_trace)).where(spans.c.project_id == project, *conditions)
    )
    for column, wanted in (
        (traces.c.agent_id, filter.agents),
        (traces.c.alias_id, filter.aliases),
        (traces.c.agent_version, filter.versions),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    if filter.since is not None:
        query = query.where(spans.c.started_at >= filter.since)
    if filter.until is not None:
        query = query.where(spans.c.started_at < filter.until)
    found = connection.execute(query.order_by(spans.c.started_at.desc().nulls_last()).limit(limit))
    return tuple(_row(row) for row in found)


def _row(row: Row[Any]) -> CallRow:
    return CallRow(**dict(zip(_FIELDS, row, strict=True)))


# Written as the index ix_spans_lookup has it: with a bound parameter neither database would use it.
_is_lookup = spans.c.kind == literal_column("'retrieval'")
