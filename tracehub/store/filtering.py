"""Turns a filter into conditions on traces."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, literal_column, or_, select

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
    if filter.min_us is not None:
        conditions.append(traces.c.ended_at - traces.c.started_at >= filter.min_us)
    if filter.min_cost is not None:
        conditions.append(traces.c.cost_usd >= filter.min_cost)
    return conditions


def session_conditions(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on a row of `sessions`: it began in the time asked for and one of its traces matches the rest."""
    conditions: list[ColumnElement[bool]] = []
    if filter.since is not None:
        conditions.append(sessions.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(sessions.c.ordered_at < filter.until)
    if filter.min_us is not None:
        conditions.append(sessions.c.working_us >= filter.min_us)
    if filter.min_cost is not None:
        conditions.append(sessions.c.cost_usd >= filter.min_cost)
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


def _has_call(kinds: Sequence[ColumnElement[str]], column: str, names: Sequence[str]) -> ColumnElement[bool]:
    """Whether one of a trace's calls is of these kinds and has one of these names."""
    called = spans.alias("called")
    return exists(
        select(1).where(
            called.c.project_id == traces.c.project_id,
            called.c.trace_id == traces.c.trace_id,
            called.c.kind.in_(kinds),
            called.c[column].in_(names),
        )
    )


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
    for kinds, named, names in (
        (CALLED_KINDS, "name", filter.tools),
        ((literal_column("'retrieval'"),), "name", filter.knowledge_bases),
        ((literal_column("'model'"),), "model_id", filter.models),
    ):
        if names:
            conditions.append(_has_call(kinds, named, names))
    return conditions
