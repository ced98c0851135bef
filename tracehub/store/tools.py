"""How tools were used: one count per tool, error and latency bucket."""

from typing import Any

from sqlalchemy import Connection, func, select

from tracehub.model.listing import Filter
from tracehub.store.filtering import trace_conditions
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, spans, traces


def buckets(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> list[tuple[Any, ...]]:
    """(tool, error source or None, latency bucket or None, calls, last start) of the tool calls in matching traces."""
    query = select(
        spans.c.name, spans.c.error_source, spans.c.latency_bucket, func.count(), func.max(spans.c.started_at)
    ).where(spans.c.project_id == project, is_tool_call)
    if filter.tools:
        query = query.where(spans.c.name.in_(filter.tools))
    conditions = trace_conditions(filter)
    if conditions:
        joined = (spans.c.project_id == traces.c.project_id) & (spans.c.trace_id == traces.c.trace_id)
        query = query.join(traces, joined).where(*conditions)
    return [
        tuple(row)
        for row in connection.execute(query.group_by(spans.c.name, spans.c.error_source, spans.c.latency_bucket))
    ]


def traces_per_tool(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> dict[str, int]:
    """In how many matching traces each tool was called."""
    query = select(spans.c.name, func.count(spans.c.trace_id.distinct())).where(
        spans.c.project_id == project, is_tool_call
    )
    if filter.tools:
        query = query.where(spans.c.name.in_(filter.tools))
    conditions = trace_conditions(filter)
    if conditions:
        joined = (spans.c.project_id == traces.c.project_id) & (spans.c.trace_id == traces.c.trace_id)
        query = query.join(traces, joined).where(*conditions)
    return {row[0]: row[1] for row in connection.execute(query.group_by(spans.c.name))}
