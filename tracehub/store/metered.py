"""The spans of traces that have come to rest, as metrics count them."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, exists, or_, select

from tracehub.model.listing import Key
from tracehub.model.metered import Metered
from tracehub.model.span import Outcome
from tracehub.store.chunks import in_chunks
from tracehub.store.schema import DEFAULT_PROJECT, spans, traces

_UNFINISHED = (Outcome.INCOMPLETE.value, Outcome.RETURNED_CONTROL.value)
_TRACE = (
    traces.c.trace_id,
    traces.c.written_at,
    traces.c.received_at,
    traces.c.ordered_at,
    traces.c.ended_at,
    traces.c.outcome,
    traces.c.agent_name,
)
_SPAN = (
    "trace_id",
    "seq",
    "span_id",
    "parent_seq",
    "kind",
    "phase",
    "name",
    "agent_id",
    "alias_id",
    "agent_version",
    "started_at",
    "ended_at",
    "outcome",
    "error_source",
    "error_type",
    "model_id",
    "input_tokens",
    "output_tokens",
    "policies",
    "results",
)


_has_unfinished = exists(
    select(1).where(
        spans.c.project_id == traces.c.project_id,
        spans.c.trace_id == traces.c.trace_id,
        spans.c.outcome.in_(_UNFINISHED),
    )
)


class Settled(msgspec.Struct, frozen=True):
    """A trace that was written at `key.at` and first received at `received_at` (microseconds since 1970 UTC)."""

    key: Key
    received_at: int
    ordered_at: int
    ended_at: int | None
    outcome: str
    agent_name: str | None


class MeteredSpan(msgspec.Struct, frozen=True):
    """A span by its id. `waits` says that it may still become another: its end, or the result of control that it
    returned, may come."""

    span_id: str
    waits: bool
    metered: Metered


def settled(
    connection: Connection,
    *,
    after: int,
    until: int,
    given_up: int,
    only_unfinished: bool,
    beyond: Key | None,
    limit: int,
    project: str = DEFAULT_PROJECT,
) -> tuple[Settled, ...]:
    """Traces last written later than `after` and not later than `until`, in that order, from `beyond` on.

    Incomplete ones only where nothing more came of them since `given_up`. With `only_unfinished`, those alone of which
    something is incomplete, or waits for the result of control that was returned.
    """
    outcome = or_(traces.c.outcome != Outcome.INCOMPLETE.value, traces.c.written_at <= given_up)
    if only_unfinished:
        outcome = or_(traces.c.outcome.in_(_UNFINISHED), _has_unfinished)
    query = select(*_TRACE).where(
        traces.c.project_id == project, traces.c.written_at > after, traces.c.written_at <= until, outcome
    )
    if beyond is not None:
        same = and_(traces.c.written_at == beyond.value, traces.c.trace_id > beyond.id)
        query = query.where(or_(traces.c.written_at > beyond.value, same))
    rows = connection.execute(query.order_by(traces.c.written_at, traces.c.trace_id).limit(limit))
    return tuple(
        Settled(
            Key(row.written_at, row.trace_id),
            row.received_at,
            row.ordered_at,
            row.ended_at,
            row.outcome,
            row.agent_name,
        )
        for row in rows
    )


def of_traces(
    connection: Connection, found: Sequence[Settled], *, project: str = DEFAULT_PROJECT
) -> dict[str, list[MeteredSpan]]:
    """The spans of each of these traces, in pre-order."""
    by_id = {trace.key.id: trace for trace in found}
    metered: dict[str, list[MeteredSpan]] = {}
    for chunk in in_chunks(by_id):
        query = select(*(spans.c[name] for name in _SPAN)).where(
            spans.c.project_id == project, spans.c.trace_id.in_(chunk)
        )
        rows = connection.execute(query.order_by(spans.c.trace_id, spans.c.seq))
        for trace_id, of_trace in groupby(rows, lambda row: row.trace_id):
            metered[trace_id] = _metered(by_id[trace_id], list(of_trace))
    return metered


def _metered(trace: Settled, rows: Sequence[Row[Any]]) -> list[MeteredSpan]:
    returned = trace.outcome == Outcome.RETURNED_CONTROL.value
    last_model = max((row.seq for row in rows if row.kind == "model"), default=-1)
    return [
        MeteredSpan(
            row.span_id,
            row.parent_seq is not None and row.outcome in _UNFINISHED,
            # Control is returned last: no model is asked after it.
            _measures(trace, row, function=row.kind == "tool" and returned and row.seq > last_model),
        )
        for row in rows
    ]


def _measures(trace: Settled, row: Row[Any], *, function: bool) -> Metered:
    turn = row.parent_seq is None
    at = row.ended_at if row.ended_at is not None else row.started_at
    return Metered(
        kind=row.kind,
        name=(trace.agent_name or row.name) if turn else row.name,
        turn=turn,
        outcome=trace.outcome if turn else row.outcome,
        at=trace.ordered_at if at is None else at,
        duration_us=_between(row.started_at, row.ended_at),
        agent_id=row.agent_id,
        agent_version=row.agent_version,
        alias_id=row.alias_id,
        error_source=row.error_source,
        error_type=row.error_type,
        function=function,
        model_id=row.model_id,
        phase=row.phase,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        results=row.results,
        intervened=row.policies is not None,
        after_us=_between(trace.ended_at, trace.key.value) if turn else None,
    )


def _between(began: int | None, ended: int | None) -> int | None:
    """None where either is unknown, or the end before the begin."""
    return None if began is None or ended is None or ended < began else ended - began
