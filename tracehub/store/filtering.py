"""Turns a filter into conditions on traces."""

from sqlalchemy import ColumnElement, exists, or_, select

from tracehub.model.listing import Filter
from tracehub.model.span import Outcome
from tracehub.store.schema import CALLED_KINDS, sessions, spans, traces
from tracehub.store.search import SessionMatches, TraceMatches


def trace_conditions(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on a row of `traces`, its time included."""
    conditions = _content_conditions(filter)
    if filter.q:
        conditions.append(TraceMatches(filter.q))
    if filter.since is not None:
        conditions.append(traces.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(traces.c.ordered_at < filter.until)
    return conditions


def session_conditions(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on a row of `sessions`: it began in the time asked for and one of its traces matches the rest."""
    conditions: list[ColumnElement[bool]] = []
    if filter.since is not None:
        conditions.append(sessions.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(sessions.c.ordered_at < filter.until)
    content = _content_conditions(filter)
    if filter.q:
        conditions.append(SessionMatches(filter.q, content))
    elif content:
        conditions.append(
            exists(
                select(1).where(
                    traces.c.project_id == sessions.c.project_id, traces.c.session_id == sessions.c.session_id, *content
                )
            )
        )
    return conditions


def _content_conditions(filter: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, values in (
        (traces.c.agent_id, filter.agents),
        (traces.c.alias_id, filter.aliases),
        (traces.c.agent_version, filter.versions),
        (traces.c.outcome, tuple(outcome.value for outcome in filter.outcomes)),
    ):
        if values:
            conditions.append(column.in_(values))
    if filter.errors:
        failed = traces.c.outcome == Outcome.FAILED.value
        conditions.append(or_(failed, traces.c.errors_reported > 0, traces.c.errors_inferred > 0))
    if filter.tools:
        called = spans.alias("called")
        conditions.append(
            exists(
                select(1).where(
                    called.c.project_id == traces.c.project_id,
                    called.c.trace_id == traces.c.trace_id,
                    called.c.kind.in_(CALLED_KINDS),
                    called.c.name.in_(filter.tools),
                )
            )
        )
    return conditions
