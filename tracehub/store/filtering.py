"""Turns a filter into conditions on traces."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, func, literal_column, or_, select

from tracehub.model.listing import Filter
from tracehub.model.span import Outcome
from tracehub.store.schema import CALLED_KINDS, is_lookup, is_tool_call, sessions, spans, traces
from tracehub.store.search import SessionMatches, TraceMatches

_DAY_US = 86_400_000_000


def trace_conditions(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on a row of `traces`, its time included."""
    conditions = _content_conditions(filter)
    if filter.q:
        conditions.append(TraceMatches(filter.q))
    if filter.since is not None:
        conditions.append(traces.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(traces.c.ordered_at < filter.until)
    conditions += _ran(filter)
    if filter.min_us is not None:
        conditions.append(traces.c.ended_at - traces.c.started_at >= filter.min_us)
    if filter.min_cost is not None:
        conditions.append(traces.c.cost_usd >= filter.min_cost)
    return conditions


def session_conditions(filter: Filter, project: str, *, rare: bool = False) -> list[ColumnElement[bool]]:
    """Conditions on a row of `sessions`: it began in the time asked for and one of its traces matches the rest.

    Where the calls asked for are `rare`, they are looked up first, instead of going through the sessions.
    """
    conditions: list[ColumnElement[bool]] = []
    if filter.since is not None:
        conditions.append(sessions.c.ordered_at >= filter.since)
    if filter.until is not None:
        conditions.append(sessions.c.ordered_at < filter.until)
    if filter.min_us is not None:
        conditions.append(sessions.c.working_us >= filter.min_us)
    if filter.min_cost is not None:
        conditions.append(sessions.c.cost_usd >= filter.min_cost)
    conditions += _by_sums(filter)
    content = _content_conditions(filter)
    if ran := _ran(filter):
        running = select(traces.c.session_id).where(traces.c.project_id == project, *ran, *content)
        conditions.append(sessions.c.session_id.in_(running))
    if filter.q:
        conditions.append(SessionMatches(filter.q, [*content, *ran]))
    elif content and not ran and not _sums_tell(filter):
        if rare:
            conditions.append(_session_of_call(filter, project, content))
            return conditions
        conditions.append(
            exists(
                select(1).where(
                    traces.c.project_id == sessions.c.project_id, traces.c.session_id == sessions.c.session_id, *content
                )
            )
        )
    return conditions


def _ran(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on a trace that ran, partly at least, in the time asked for."""
    conditions: list[ColumnElement[bool]] = []
    if filter.active_since is not None:
        ended = func.coalesce(traces.c.ended_at, traces.c.ordered_at)
        # By the index of their begins; no call of an agent lasts for a day.
        conditions += [traces.c.ordered_at >= filter.active_since - _DAY_US, ended >= filter.active_since]
    if filter.active_until is not None:
        conditions.append(traces.c.ordered_at < filter.active_until)
    return conditions


def called_spans(filter: Filter) -> list[ColumnElement[bool]]:
    """Conditions on the spans that the filter's tools or knowledge bases were called by, as their indexes have them;
    none where it asks for none."""
    if filter.tools:
        return [is_tool_call, spans.c.name.in_(filter.tools)]
    if filter.knowledge_bases:
        return [is_lookup, spans.c.name.in_(filter.knowledge_bases)]
    return []


def _by_sums(filter: Filter) -> list[ColumnElement[bool]]:
    """What the sums of a session say of its traces' outcomes: necessary where one trace must match more than that."""
    conditions: list[ColumnElement[bool]] = []
    if filter.errors:
        conditions.append(
            or_(sessions.c.failed_turns > 0, sessions.c.errors_reported > 0, sessions.c.errors_inferred > 0)
        )
    if filter.outcomes:
        conditions.append(or_(*(_TURNS[outcome] > 0 for outcome in filter.outcomes)))
    return conditions


def _sums_tell(filter: Filter) -> bool:
    """Whether the sums are all that is asked for, and of one kind, so that no trace need be looked at."""
    calls = filter.tools or filter.knowledge_bases or filter.models
    agents = filter.agents or filter.aliases or filter.versions
    return not calls and not agents and not (filter.errors and filter.outcomes)


def _session_of_call(filter: Filter, project: str, content: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    of_trace = (traces.c.project_id == spans.c.project_id) & (traces.c.trace_id == spans.c.trace_id)
    callers = select(traces.c.session_id).select_from(spans.join(traces, of_trace))
    return sessions.c.session_id.in_(callers.where(spans.c.project_id == project, *called_spans(filter), *content))


_ENDED_OTHERWISE = (
    sessions.c.failed_turns + sessions.c.blocked_turns + sessions.c.incomplete_turns + sessions.c.returned_turns
)
_TURNS: dict[Outcome, ColumnElement[int]] = {
    Outcome.OK: sessions.c.turns - _ENDED_OTHERWISE,
    Outcome.FAILED: sessions.c.failed_turns,
    Outcome.BLOCKED: sessions.c.blocked_turns,
    Outcome.RETURNED_CONTROL: sessions.c.returned_turns,
    Outcome.INCOMPLETE: sessions.c.incomplete_turns,
}


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
