"""Rollups are what the spans add up to, whatever happened to the traces before."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.stores import KNOWLEDGE, RECEIVED_AT, empty, migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter
from tracehub.model.tally import (
    FIRST_TEXT,
    FOLLOWS,
    OUTCOME,
    REPEATED,
    REPROMPTED,
    SESSION,
    SESSION_TOOL,
    TURN,
    TURN_CALLS,
    UNANSWERED,
)
from tracehub.pipeline.adding_up import catch_up
from tracehub.pipeline.reindex import reindex
from tracehub.store import event_blocks, rollups, search, sessions, spans, traces
from tracehub.store.database import Database
from tracehub.store.latency import bucket_of
from tracehub.store.schema import rollup_marks
from tracehub.store.schema import rollups as rollup_table
from tracehub.store.schema import sessions as session_table
from tracehub.store.schema import spans as span_table
from tracehub.store.schema import traces as trace_table

EVENTS = demo_events(3)
STEP = st.one_of(
    st.tuples(st.just("store"), st.integers(0, len(EVENTS)), st.integers(1, len(EVENTS))),
    st.tuples(st.sampled_from(["delete", "reindex", "refresh"]), st.integers(0, 9), st.just(0)),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=6))
def test_rollups_equal_the_spans_after_any_sequence_of_writes(
    database_url: str, steps: list[tuple[str, int, int]]
) -> None:
    with migrated(database_url) as database:
        empty(database)
        for what, at, size in steps:
            apply(database, what, at, size)
        refresh(database)
        assert_in_step(database)


@pytest.mark.parametrize("late", [1, len(EVENTS) // 2])
def test_rollups_count_late_events(database_url: str, late: int) -> None:
    with migrated(database_url) as database:
        store(database, EVENTS[late:])
        refresh(database)
        store(database, EVENTS[:late])
        refresh(database)
        assert_in_step(database)
        assert kept(database, 1440)


@pytest.mark.postgres
def test_what_is_written_while_an_hour_is_computed_stays_marked(postgresql_url: str) -> None:
    with migrated(postgresql_url) as database:
        store(database, EVENTS[: len(EVENTS) // 2])
        with database.writing() as computing:
            while rollups.refresh(computing):
                pass
            store(database, EVENTS[len(EVENTS) // 2 :])
        assert kept(database, 5) != computed(database, 5)
        refresh(database)
        assert_in_step(database)


def apply(database: Database, what: str, at: int, size: int) -> None:
    """One step of a sequence."""
    if what == "store":
        store(database, EVENTS[at : at + size])
    elif what == "reindex":
        reindex(database, KNOWLEDGE, now=RECEIVED_AT, tell=lambda done: None)
    elif what == "refresh":
        refresh(database)
    else:
        with database.writing() as connection:
            found = connection.scalars(select(trace_table.c.trace_id).order_by(trace_table.c.trace_id)).all()
            chosen = found[at : at + 1]
            event_blocks.remove(connection, chosen)
            spans.remove(connection, chosen)
            search.remove(connection, chosen)
            session_ids = traces.sessions_of(connection, chosen).values()
            traces.remove(connection, chosen)
            sessions.refresh(connection, session_ids)


def refresh(database: Database) -> None:
    """Adds up all that is marked."""
    catch_up(database)
    with database.reading() as connection:
        assert connection.execute(select(rollup_marks)).all() == []


def assert_in_step(database: Database) -> None:
    """Every stretch of every length says what the rows say."""
    for minutes in rollups.GRAINS:
        assert kept(database, minutes) == computed(database, minutes)


def kept(database: Database, minutes: int) -> dict[Any, Any]:
    """What the rollups say, by stretch and dimensions; measures that are None or 0 left out."""
    with database.reading() as connection:
        kinds = set(connection.scalars(select(rollup_table.c.kind)))
        found = rollups.cells(connection, kinds, Filter(), minutes)
    return {
        (cell.began_at, cell.kind, cell.name, cell.detail, cell.agent_id, cell.alias_id, cell.agent_version): {
            name: value for name in cell.tally.__struct_fields__ if (value := getattr(cell.tally, name))
        }
        for cell in found
    }


def computed(database: Database, minutes: int) -> dict[Any, Any]:
    """The same, added up in Python from all rows."""
    length = minutes * 60_000_000
    sums: defaultdict[Any, defaultdict[str, Any]] = defaultdict(lambda: defaultdict(int))
    with database.reading() as connection:
        of_trace = {row.trace_id: row for row in connection.execute(select(trace_table))}
        of_session = {row.session_id: row for row in connection.execute(select(session_table))}
        every = connection.execute(select(span_table).order_by(span_table.c.trace_id, span_table.c.seq)).all()
    counted: set[Any] = set()
    for at, dimensions, once, measures in cells_of(of_trace, of_session, every):
        key = (at // length * length, *dimensions)
        if once is not None and (key, once) in counted:
            continue
        counted.add((key, once))
        cell = sums[key]
        for name, value in measures.items():
            if name == "last_at":
                cell[name] = max(cell[name], value or 0)
            elif name == "durations":
                cell[name] = (cell[name] or Counter()) + Counter([value] if value is not None else [])
            else:
                cell[name] += value or 0
    for (at, kind, name, *rest), cell in sums.items():
        if kind not in (
            SESSION,
            SESSION_TOOL,
            FIRST_TEXT,
            FOLLOWS,
            TURN_CALLS,
            OUTCOME,
            REPROMPTED,
            UNANSWERED,
            REPEATED,
        ):
            cell["turns"] = len(
                {
                    row.trace_id
                    for row in every
                    if span_dimensions(row, of_trace[row.trace_id]) == (kind, name, *rest)
                    and of_trace[row.trace_id].ordered_at // length * length == at
                }
            )
    return {key: {name: value for name, value in cell.items() if value} for key, cell in sums.items()}


def cells_of(of_trace: dict[str, Any], of_session: dict[str, Any], every: Any) -> Iterator[Any]:
    """(when, dimensions, what is counted once or None, measures) of every row."""
    before: dict[str, str] = {}
    made: set[Any] = set()
    stumbled: set[Any] = set()
    for row in every:
        trace = of_trace[row.trace_id]
        yield trace.ordered_at, span_dimensions(row, trace), None, span_measures(row, trace)
        who = (trace.agent_id, trace.alias_id, trace.agent_version)
        if row.kind in ("tool", "code"):
            if row.trace_id in before:
                yield trace.ordered_at, (FOLLOWS, row.name, before[row.trace_id], *who), None, {"calls": 1}
            before[row.trace_id] = row.name
            session = of_session[trace.session_id]
            whose = (session.agent_id, session.alias_id, session.agent_version)
            call = (row.trace_id, row.name, row.summary, row.input_bytes)
            if call in made and row.summary is not None:
                yield trace.ordered_at, (REPEATED, row.name, None, *who), None, {"calls": 1}
            made.add(call)
            yield session.ordered_at, (SESSION_TOOL, row.name, None, *whose), session.session_id, {"calls": 1}
        found = None
        if row.error_type in ("reprompt", "silent_reprompt"):
            found = (REPROMPTED, row.error_type)
        elif row.kind in ("tool", "code") and row.outcome == "returned_control":
            found = (UNANSWERED, "")
        if found:
            new = (row.trace_id, found) not in stumbled
            stumbled.add((row.trace_id, found))
            yield trace.ordered_at, (*found, None, *who), None, {"calls": 1, "turns": int(new)}
    for trace in of_trace.values():
        who = (trace.agent_id, trace.alias_id, trace.agent_version)
        yield trace.ordered_at, (TURN_CALLS, str(trace.tool_calls), None, *who), None, {"calls": 1}
        yield trace.ordered_at, (OUTCOME, trace.outcome, None, *who), None, {"calls": 1}
        if trace.first_text_us is not None:
            yield trace.ordered_at, (FIRST_TEXT, "", None, *who), None, timed(trace.first_text_us)
    for session in of_session.values():
        whose = (session.agent_id, session.alias_id, session.agent_version)
        measures = timed(session.working_us) | {
            "turns": session.turns,
            "failed": int(session.failed_turns > 0),
            "blocked": int(session.blocked_turns > 0),
            "errors_reported": int(session.errors_reported > 0),
            "errors_inferred": int(session.errors_inferred > 0 and session.errors_reported == 0),
            "input_tokens": session.input_tokens,
            "output_tokens": session.output_tokens,
            "calls_with_tokens": int(session.calls_with_tokens > 0),
            "cost_nano_usd": round((session.cost_usd or 0) * 1e9),
            "priced_calls": int(session.cost_usd is not None),
        }
        yield session.ordered_at, (SESSION, "", None, *whose), None, measures


def span_dimensions(row: Any, trace: Any) -> tuple[Any, ...]:
    """What kind of call a span is, and whose."""
    who = (trace.agent_id, trace.alias_id, trace.agent_version)
    if row.parent_seq is None:
        return (TURN, "", trace.outcome, *who)
    if row.kind == "model":
        return (row.kind, row.model_id or "", row.phase, *who)
    return (row.kind, row.name, row.policies, *who)


def span_measures(row: Any, trace: Any) -> dict[str, Any]:
    """What a span adds to its cell."""
    turn = row.parent_seq is None
    reported = trace.errors_reported > 0 if turn else row.error_source == "reported"
    inferred = trace.errors_inferred > 0 and not trace.errors_reported if turn else row.error_source == "inferred"
    blocked = row.policies is not None if row.kind == "guardrail" else row.outcome == "blocked"
    spent = timed(None if row.latency_bucket is None else row.ended_at - row.started_at)
    return spent | {
        "failed": int(row.outcome == "failed"),
        "blocked": int(blocked),
        "errors_reported": int(reported),
        "errors_inferred": int(inferred),
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "calls_with_tokens": int(row.input_tokens is not None or row.output_tokens is not None),
        "cost_nano_usd": round((row.cost_usd or 0) * 1e9),
        "priced_calls": int(row.cost_usd is not None),
        "input_bytes": row.input_bytes,
        "calls_with_input": int(row.input_bytes is not None),
        "output_bytes": row.output_bytes,
        "calls_with_output": int(row.output_bytes is not None),
        "results": row.results,
        "calls_with_results": int(row.results is not None),
        "empty_calls": int(row.results == 0),
        "cited": row.cited,
        "calls_with_citations": int(row.cited is not None),
        "uncited_calls": int((row.results or 0) > 0 and row.cited == 0),
        "last_at": row.started_at,
    }


def timed(lasted: int | None) -> dict[str, Any]:
    """One call that took so long."""
    bucket = bucket_of(lasted)
    known = bucket is not None
    return {"calls": 1, "timed_calls": int(known), "total_us": lasted if known else None, "durations": bucket}


def test_impossible_numbers_keep_no_hour_from_being_added_up(database_url: str) -> None:
    huge = 2**62
    with migrated(database_url) as database:
        store(database, EVENTS)
        with database.writing() as connection:
            tokens = {"input_tokens": huge, "output_tokens": huge, "cost_usd": 1e12}
            connection.execute(span_table.update().where(span_table.c.kind == "model").values(tokens))
            connection.execute(session_table.update().values(tokens | {"working_us": huge}))
        refresh(database)
        found = kept(database, 1440)
    assert all(value < 2**63 for cell in found.values() for value in cell.values() if isinstance(value, int))
    models = [cell for key, cell in found.items() if key[1] == "model"]
    assert sum(cell["calls"] for cell in models) > 5


def test_rollups_know_of_turns_that_stumbled(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(40))
        refresh(database)
        found = kept(database, 1440)
        assert found == computed(database, 1440)
    calls = Counter[Any]()
    for key, cell in found.items():
        calls[key[1], key[2]] += cell["calls"]
    stumbles = {key[0] for key in calls} & {REPROMPTED, UNANSWERED, REPEATED, OUTCOME}
    assert stumbles == {REPROMPTED, UNANSWERED, REPEATED, OUTCOME}
    assert calls[REPROMPTED, "reprompt"] > 0
    assert calls[REPROMPTED, "silent_reprompt"] > 0
    assert calls[OUTCOME, "incomplete"] > 0
