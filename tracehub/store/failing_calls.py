"""Calls that failed in a stretch of time: what stands behind an alert."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from tracehub.model.span import ErrorSource
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, spans, traces

MOST_TRACES = 2000
MOST_CALLS = 1000


class FailingCall(msgspec.Struct, frozen=True, kw_only=True):
    """One failed call of a tool, or a failed turn (`tool` is None). The texts are from traces: hostile."""

    tool: str | None
    arguments: str | None
    error: str | None


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Whose calls, from `since` to `until` (microseconds); empty is no condition."""

    since: int
    until: int
    agents: Sequence[str] = ()
    aliases: Sequence[str] = ()
    versions: Sequence[str] = ()
    tools: Sequence[str] = ()
    sources: Sequence[ErrorSource] = tuple(ErrorSource)


def calls(connection: Connection, where: Where, *, project: str = DEFAULT_PROJECT) -> tuple[FailingCall, ...]:
    """At most MOST_CALLS failed tool calls of the newest turns with tool errors, at most MOST_TRACES of them."""
    failing = or_(traces.c.errors_reported > 0, traces.c.errors_inferred > 0)
    newest = (
        select(traces.c.project_id, traces.c.trace_id)
        .where(*_in_window(where, project), failing)
        .order_by(traces.c.ordered_at.desc())
        .limit(MOST_TRACES)
        .subquery()
    )
    of_trace = and_(spans.c.project_id == newest.c.project_id, spans.c.trace_id == newest.c.trace_id)
    query = (
        select(spans.c.name, spans.c.summary, spans.c.error_text, spans.c.error_type)
        .select_from(newest.join(spans, of_trace))
        .where(is_tool_call, spans.c.error_source.in_([source.value for source in where.sources]))
        .limit(MOST_CALLS)
    )
    if where.tools:
        query = query.where(spans.c.name.in_(where.tools))
    return tuple(
        FailingCall(tool=row.name, arguments=row.summary, error=row.error_text or row.error_type)
        for row in connection.execute(query)
    )


def turns(connection: Connection, where: Where, *, project: str = DEFAULT_PROJECT) -> tuple[FailingCall, ...]:
    """The newest turns that failed or miss something, at most MOST_CALLS."""
    query = (
        select(traces.c.question, traces.c.error_text, traces.c.error_type, traces.c.missing)
        .where(*_in_window(where, project), or_(traces.c.outcome == "failed", traces.c.missing.is_not(None)))
        .order_by(traces.c.ordered_at.desc())
        .limit(MOST_CALLS)
    )
    return tuple(
        FailingCall(tool=None, arguments=row.question, error=row.error_text or row.error_type or row.missing)
        for row in connection.execute(query)
    )


def _in_window(where: Where, project: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        traces.c.project_id == project,
        traces.c.ordered_at >= where.since,
        traces.c.ordered_at < where.until,
    ]
    for column, wanted in (
        (traces.c.agent_id, where.agents),
        (traces.c.alias_id, where.aliases),
        (traces.c.agent_version, where.versions),
    ):
        if wanted:
            conditions.append(column.in_(list(wanted)))
    return conditions
