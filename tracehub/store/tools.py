"""How tools were used: one count per tool, error and latency bucket."""

from typing import Any

from sqlalchemy import Connection, Select, func, select

from tracehub.model.listing import Filter
from tracehub.store.filtering import trace_conditions
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, spans, traces


def buckets(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> list[tuple[Any, ...]]:
    """(tool, error source or None, latency bucket or None, calls, last start) of the tool calls in matching traces."""
    parts = (spans.c.name, spans.c.error_source, spans.c.latency_bucket)
    query = _matching(select(*parts, func.count(), func.max(spans.c.started_at)), filter, project)
    return [tuple(row) for row in connection.execute(query.group_by(*parts))]


def traces_per_tool(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """In how many matching traces each tool was called."""
    query = _matching(select(spans.c.name, func.count(spans.c.trace_id.distinct())), filter, project)
    return {row[0]: row[1] for row in connection.execute(query.group_by(spans.c.name))}


def _matching(query: Select[Any], filter: Filter, project: str) -> Select[Any]:
    query = query.where(spans.c.project_id == project, is_tool_call)
    if filter.tools:
        query = query.where(spans.c.name.in_(filter.tools))
    conditions = trace_conditions(filter)
    if conditions:
        same_trace = (spans.c.project_id == traces.c.project_id) & (spans.c.trace_id == traces.c.trace_id)
        query = query.join(traces, same_trace).where(*conditions)
    return query
