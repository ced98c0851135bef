"""Adds up the traces, spans and sessions of stretches of five minutes within an hour.

A trace belongs, with all its spans, to the stretch in which lists order it; a session to the one in which it began.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, Select, and_, case, cast, func, or_, select

from tracehub.model.span import ErrorSource, Outcome
from tracehub.model.tally import (
    FIRST_TEXT,
    FOLLOWS,
    OUTCOME,
    REPEATED,
    REPROMPT,
    REPROMPTED,
    SESSION,
    SESSION_TOOL,
    SILENT_REPROMPT,
    TURN,
    TURN_CALLS,
    UNANSWERED,
    Cell,
    Tally,
    add,
    cell_of,
)
from tracehub.store.chunks import in_chunks
from tracehub.store.latency import bucket_of
from tracehub.store.rollup_marks import SLOT_US, SLOTS_AN_HOUR
from tracehub.store.schema import is_tool_call, sessions, spans, traces

_AGENT = (traces.c.agent_id, traces.c.alias_id, traces.c.agent_version)
_of_trace = and_(spans.c.project_id == traces.c.project_id, spans.c.trace_id == traces.c.trace_id)
_is_turn = spans.c.parent_seq.is_(None)
_kind = case((_is_turn, TURN), else_=spans.c.kind).label("kind")
_name = case((_is_turn, ""), (spans.c.kind == "model", func.coalesce(spans.c.model_id, "")), else_=spans.c.name)
_detail = case((_is_turn, traces.c.outcome), (spans.c.kind == "model", spans.c.phase), else_=spans.c.policies)
_dimensions = (_kind, _name.label("name"), _detail.label("detail"), *_AGENT)


class Hour:
    """The marked stretches of one hour."""

    def __init__(self, project: str, slots: Sequence[int]) -> None:
        self.project = project
        self.slots = slots
        self._first = slots[0] - slots[0] % SLOTS_AN_HOUR

    def slot_of(self, table: FromClause) -> ColumnElement[int]:
        """The number of a row's stretch within the hour."""
        return (table.c.ordered_at - self._first * SLOT_US) // SLOT_US

    def holds(self, table: FromClause) -> ColumnElement[bool]:
        """Whether a row lies in one of the stretches."""
        low, high = self.slots[0] * SLOT_US, (self.slots[-1] + 1) * SLOT_US
        return and_(table.c.project_id == self.project, table.c.ordered_at >= low, table.c.ordered_at < high)

    def began_at(self, number: int) -> int | None:
        """When a stretch began, None where it is not one of these."""
        slot = self._first + number
        return slot * SLOT_US if slot in self.slots else None


def cells_of(connection: Connection, project: str, slots: Sequence[int]) -> list[Cell]:
    """The cells of these stretches, which lie in one hour."""
    hour = Hour(project, slots)
    return _added(
        _spans(connection, hour), _turns(connection, hour), _stumbles(connection, hour), _sessions(connection, hour)
    )


def _added(*found: Iterator[tuple[int | None, tuple[Any, ...], Tally]]) -> list[Cell]:
    tallies: dict[tuple[Any, ...], Tally] = {}
    for source in found:
        for began_at, dimensions, tally in source:
            if began_at is None:
                continue
            key = (began_at, *dimensions)
            if key in tallies:
                add(tallies[key], tally)
            else:
                tallies[key] = tally
    return [cell_of(began_at, dimensions, tally) for (began_at, *dimensions), tally in tallies.items()]


def _spans(connection: Connection, hour: Hour) -> Iterator[tuple[int | None, tuple[Any, ...], Tally]]:
    slot = hour.slot_of(traces).label("slot")
    joined = traces.join(spans, _of_trace)
    for measures in (_SPAN_SUMS, (func.count().label("in_bucket"), spans.c.latency_bucket)):
        query = select(slot, *_dimensions, *measures).select_from(joined).where(hour.holds(traces))
        by = [slot, *_dimensions]
        if measures is not _SPAN_SUMS:
            query = query.where(spans.c.latency_bucket.is_not(None))
            by.append(spans.c.latency_bucket)
        for row in connection.execute(query.group_by(*by)):
            dimensions = tuple(row[1 : 1 + len(_dimensions)])
            if measures is _SPAN_SUMS:
                tally = _tally(row._mapping)
            else:
                tally = Tally(durations={row.latency_bucket: row.in_bucket})
            yield hour.began_at(row.slot), dimensions, tally
    follow = (
        select(
            *_AGENT,
            traces.c.ordered_at,
            spans.c.name,
            func.lag(spans.c.name).over(partition_by=spans.c.trace_id, order_by=spans.c.seq).label("before"),
        )
        .select_from(joined)
        .where(hour.holds(traces), is_tool_call)
        .subquery()
    )
    keys = (hour.slot_of(follow).label("slot"), follow.c.name, follow.c.before)
    agent = (follow.c.agent_id, follow.c.alias_id, follow.c.agent_version)
    counted = select(*keys, *agent, func.count()).where(follow.c.before.is_not(None)).group_by(*keys, *agent)
    for number, name, before, *who, calls in connection.execute(counted):
        yield hour.began_at(number), (FOLLOWS, name, before, *who), Tally(calls=calls)


def _turns(connection: Connection, hour: Hour) -> Iterator[tuple[int | None, tuple[Any, ...], Tally]]:
    slot = hour.slot_of(traces).label("slot")
    keys = (slot, traces.c.tool_calls, *_AGENT)
    query: Select[Any] = select(*keys, func.count()).where(hour.holds(traces)).group_by(*keys)
    for number, tool_calls, *who, calls in connection.execute(query):
        yield hour.began_at(number), (TURN_CALLS, str(tool_calls), None, *who), Tally(calls=calls)
    keys = (slot, traces.c.outcome, *_AGENT)
    query = select(*keys, func.count()).where(hour.holds(traces)).group_by(*keys)
    for number, outcome, *who, calls in connection.execute(query):
        yield hour.began_at(number), (OUTCOME, outcome, None, *who), Tally(calls=calls)
    query = select(slot, traces.c.first_text_us, *_AGENT).where(hour.holds(traces), traces.c.first_text_us.is_not(None))
    for number, lasted, *who in connection.execute(query):
        yield hour.began_at(number), (FIRST_TEXT, "", None, *who), _timed(lasted)


def _stumbles(connection: Connection, hour: Hour) -> Iterator[tuple[int | None, tuple[Any, ...], Tally]]:
    """What rows tell of agents that are lost: steps sent back, control that nobody answered, calls made again."""
    slot = hour.slot_of(traces).label("slot")
    joined = traces.join(spans, _of_trace)
    reprompted = spans.c.error_type.in_((REPROMPT, SILENT_REPROMPT))
    unanswered = and_(is_tool_call, spans.c.outcome == Outcome.RETURNED_CONTROL.value)
    stumble = case((reprompted, spans.c.error_type), else_=UNANSWERED).label("stumble")
    keys = (slot, stumble, *_AGENT)
    turns = func.count(spans.c.trace_id.distinct())
    query = select(*keys, func.count(), turns).select_from(joined)
    query = query.where(hour.holds(traces), or_(reprompted, unanswered)).group_by(*keys)
    for number, found, *who, calls, of_turns in connection.execute(query):
        kind, name = (UNANSWERED, "") if found == UNANSWERED else (REPROMPTED, found)
        yield hour.began_at(number), (kind, name, None, *who), Tally(calls=calls, turns=of_turns)
    same = (spans.c.trace_id, spans.c.name, spans.c.summary, spans.c.input_bytes)
    again = (
        select(slot, *_AGENT, spans.c.name, (func.count() - 1).label("repeats"))
        .select_from(joined)
        .where(hour.holds(traces), is_tool_call, spans.c.summary.is_not(None))
        .group_by(slot, *_AGENT, *same)
        .having(func.count() > 1)
        .subquery()
    )
    by = (again.c.slot, again.c.name, again.c.agent_id, again.c.alias_id, again.c.agent_version)
    for number, name, *who, repeats in connection.execute(select(*by, func.sum(again.c.repeats)).group_by(*by)):
        yield hour.began_at(number), (REPEATED, name, None, *who), Tally(calls=int(repeats))


def _sessions(connection: Connection, hour: Hour) -> Iterator[tuple[int | None, tuple[Any, ...], Tally]]:
    slot = hour.slot_of(sessions).label("slot")
    begun: dict[str, tuple[int | None, str | None, str | None, str | None]] = {}
    for row in connection.execute(select(slot, sessions).where(hour.holds(sessions))):
        tally = _timed(row.working_us)
        tally.calls = 1
        tally.turns = row.turns
        tally.failed = int(row.failed_turns > 0)
        tally.blocked = int(row.blocked_turns > 0)
        tally.errors_reported = int(row.errors_reported > 0)
        tally.errors_inferred = int(row.errors_inferred > 0 and not row.errors_reported)
        tally.input_tokens, tally.output_tokens = _capped(row.input_tokens), _capped(row.output_tokens)
        tally.cost_nano_usd = None if row.cost_usd is None else _capped(round(min(row.cost_usd, _MOST_DOLLARS) * 1e9))
        tally.calls_with_tokens = int(row.calls_with_tokens > 0)
        tally.priced_calls = int(row.cost_usd is not None)
        yield hour.began_at(row.slot), (SESSION, "", None, row.agent_id, row.alias_id, row.agent_version), tally
        begun[row.session_id] = (hour.began_at(row.slot), row.agent_id, row.alias_id, row.agent_version)
    for session_id, name in _tools_of(connection, hour.project, begun):
        began_at, *agent = begun[session_id]
        yield began_at, (SESSION_TOOL, name, None, *agent), Tally(calls=1)


def _tools_of(connection: Connection, project: str, session_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each session with each tool that it calls, once."""
    for chunk in in_chunks(session_ids):
        query = select(traces.c.session_id, spans.c.name).distinct().select_from(traces.join(spans, _of_trace))
        query = query.where(traces.c.project_id == project, traces.c.session_id.in_(chunk), is_tool_call)
        yield from ((session_id, name) for session_id, name in connection.execute(query))


def _timed(lasted: int | None) -> Tally:
    bucket = bucket_of(lasted)
    if bucket is None:
        return Tally(calls=1)
    return Tally(calls=1, timed_calls=1, total_us=_capped(lasted), durations={bucket: 1})


def _capped(value: int | None) -> int | None:
    """As _sum has it."""
    return None if value is None else min(value, _MOST)


def _tally(row: Any) -> Tally:
    """PostgreSQL sums bigint as numeric, but these are whole numbers."""
    tally = Tally(durations={})
    for name in _SPAN_SUM_NAMES:
        setattr(tally, name, None if row[name] is None else int(row[name]))
    return tally


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _at_most(value: ColumnElement[Any], most: float) -> ColumnElement[Any]:
    return case((value > most, most), else_=value)


def _sum(value: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of what can be true: a million of the greatest numbers that AWS could send would not fit a column, and
    one hour that cannot be added up would keep all others from it."""
    return func.sum(_at_most(value, _MOST))


# Of one call: a million million tokens or bytes, twelve days, a thousand dollars. Eight million such calls fit.
_MOST = 1 << 40
_MOST_DOLLARS = 1000.0
_lasted = spans.c.ended_at - spans.c.started_at
_timed_call = spans.c.latency_bucket.is_not(None)
_SPAN_SUMS = (
    func.count().label("calls"),
    func.count(spans.c.trace_id.distinct()).label("turns"),
    _count(spans.c.outcome == Outcome.FAILED.value).label("failed"),
    _count(
        case(
            (spans.c.kind == "guardrail", spans.c.policies.is_not(None)), else_=spans.c.outcome == Outcome.BLOCKED.value
        )
    ).label("blocked"),
    _count(
        case((_is_turn, traces.c.errors_reported > 0), else_=spans.c.error_source == ErrorSource.REPORTED.value)
    ).label("errors_reported"),
    _count(
        case(
            (_is_turn, and_(traces.c.errors_inferred > 0, traces.c.errors_reported == 0)),
            else_=spans.c.error_source == ErrorSource.INFERRED.value,
        )
    ).label("errors_inferred"),
    _sum(spans.c.input_tokens).label("input_tokens"),
    _sum(spans.c.output_tokens).label("output_tokens"),
    func.count(func.coalesce(spans.c.input_tokens, spans.c.output_tokens)).label("calls_with_tokens"),
    _sum(cast(func.round(_at_most(spans.c.cost_usd, _MOST_DOLLARS) * 1_000_000_000), BigInteger)).label(
        "cost_nano_usd"
    ),
    func.count(spans.c.cost_usd).label("priced_calls"),
    _sum(spans.c.input_bytes).label("input_bytes"),
    func.count(spans.c.input_bytes).label("calls_with_input"),
    _sum(spans.c.output_bytes).label("output_bytes"),
    func.count(spans.c.output_bytes).label("calls_with_output"),
    func.sum(spans.c.results).label("results"),
    func.count(spans.c.results).label("calls_with_results"),
    _count(spans.c.results == 0).label("empty_calls"),
    func.sum(spans.c.cited).label("cited"),
    func.count(spans.c.cited).label("calls_with_citations"),
    _count(and_(spans.c.results > 0, spans.c.cited == 0)).label("uncited_calls"),
    func.max(spans.c.started_at).label("last_at"),
    _count(_timed_call).label("timed_calls"),
    _sum(case((_timed_call, _lasted))).label("total_us"),
)
_SPAN_SUM_NAMES = tuple(column.name for column in _SPAN_SUMS)
