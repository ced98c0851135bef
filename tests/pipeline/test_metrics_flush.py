"""Windows of metrics add up to what is stored, whatever arrives when and whoever stops."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from sqlalchemy import Row, select

from tests.pipeline.metering import MINUTE, NotTaken, Refused, Taken, Totals, Unsure, World, without_histograms
from tests.stores import empty, migrated
from tests.traffic import demo_events, demo_lines
from tracehub.bedrock.decode import decode
from tracehub.exporters.metrics import table
from tracehub.model.record import Event, Limits, Record
from tracehub.store import metric_ledger
from tracehub.store.database import Database
from tracehub.store.schema import export_metric_windows, spans, traces

SESSIONS = 6


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Iterator[Database]:
    with migrated(f"sqlite:///{tmp_path / 'tracehub.db'}") as database:
        yield database


def test_one_window_holds_what_was_stored_in_it(database_url: str) -> None:
    with migrated(database_url) as database:
        world = World(database)
        world.pass_minutes()
        world.arrive(demo_events(SESSIONS))
        world.pass_minutes()
        assert world.totals()["tracehub.agent.turns", "total"] > 0
        assert world.totals() == _finished(database)
        world.pass_minutes(20)
        assert world.totals() == _stored(database)
        assert _waiting(database) == []


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 1 << 30),
    parts=st.integers(1, 12),
    minutes=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    restarts=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_the_windows_add_up_to_what_is_stored_whatever_the_order_and_the_restarts(
    sqlite_file: Database, seed: int, parts: int, minutes: list[int], restarts: list[bool]
) -> None:
    empty(sqlite_file)
    _arrive_in_any_order(sqlite_file, seed, parts, minutes, restarts)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_on_both_databases(database_url: str, seed: int) -> None:
    with migrated(database_url) as database:
        _arrive_in_any_order(database, seed, 10, [1, 0, 2] * 4, [True, False] * 6)


def test_collaborators_that_were_counted_before_their_supervisor_came_are_not_counted_again(
    database_url: str,
) -> None:
    orphan, root, tool = "1" * 32, "2" * 32, metric_ledger.sort_of("tool", "Flights__search")
    with migrated(database_url) as database, database.writing() as connection:
        alone = metric_ledger.of_traces(connection, {orphan: ["aa" * 8, "bb" * 8]})[orphan]
        assert [alone.count(span_id, tool) for span_id in ("aa" * 8, "bb" * 8)] == [True, True]
        metric_ledger.add(connection, 5, {orphan: alone.news or metric_ledger.Counted()})
        metric_ledger.join(connection, {orphan: root})
        both = ["cc" * 8, "dd" * 8, "ee" * 8]
        for window, news in ((6, [False, False, True]), (7, [False, False, False])):
            joined = metric_ledger.of_traces(connection, {root: both})[root]
            assert [joined.count(span_id, tool) for span_id in both] == news
            metric_ledger.add(connection, window, {root: joined.news} if joined.news else {})
        assert metric_ledger.of_traces(connection, {orphan: ["aa" * 8]})[orphan].count("aa" * 8, tool)


def test_nothing_is_counted_before_a_destination_wants_it_and_nothing_old_after(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.received = {}
    world.arrive(demo_events(3))
    world.pass_minutes(3)
    assert _rows(sqlite_file) == []
    world.received = {"backend": []}
    world.pass_minutes(3)
    assert world.totals() == {}


def test_every_destination_gets_every_window(sqlite_file: Database) -> None:
    world = World(sqlite_file, "one", "two")
    world.pass_minutes()
    world.arrive(demo_events(3))
    world.pass_minutes(2)
    assert world.totals("one") == world.totals("two") != {}


def test_a_receiver_that_is_away_gets_its_windows_later_and_in_order(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.pass_minutes()
    world.answers = [NotTaken("nobody listens")] * 3
    for part in range(3):
        world.arrive(_events(demo_lines(9).splitlines()[part::3]))
        world.pass_minutes()
    assert world.received["backend"] == []
    world.pass_minutes(10)
    times = [_time(body) for body in world.received["backend"]]
    assert times == sorted(times)
    world.pass_minutes(20)
    assert world.totals() == _stored(sqlite_file)


def test_what_waited_for_too_long_expires(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.pass_minutes()
    world.arrive(demo_events(3))
    world.answers = [NotTaken("nobody listens")] * 500
    world.pass_minutes(70)
    assert {row.state for row in _rows(sqlite_file)} <= {"expired", "waiting"}
    assert "expired" in {row.state for row in _rows(sqlite_file)}


def test_what_may_have_been_taken_is_not_sent_again(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.pass_minutes()
    world.arrive(demo_events(3))
    world.answers = [Unsure("it did not answer")]
    world.pass_minutes(3)
    assert len(world.received["backend"]) == 1
    assert [row.state for row in _rows(sqlite_file)] == ["unsure"]


def test_datadog_is_sent_the_sums_again_as_it_keeps_the_last(sqlite_file: Database) -> None:
    world = World(sqlite_file, takes_old=False)
    world.pass_minutes()
    _stamp_recent(world, demo_events(3))
    world.answers = [Unsure("it did not answer")]
    world.pass_minutes(3)
    first, second = world.received["backend"]
    assert second == without_histograms(first)
    assert _waiting(sqlite_file) == []


def test_what_is_refused_is_kept_with_its_reason_and_the_rest_goes_on(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.pass_minutes()
    world.answers = [Refused("HTTP 400: no"), Taken(rejected=2, said="too old")]
    for part in range(3):
        world.arrive(_events(demo_lines(9).splitlines()[part::3]))
        world.pass_minutes()
    world.pass_minutes(20)
    assert [(row.state, row.error) for row in _rows(sqlite_file)] == [
        ("rejected", "HTTP 400: no"),
        ("rejected", "2 points were refused: too old"),
    ]


def test_datadog_gets_nothing_that_is_older_than_55_minutes(sqlite_file: Database) -> None:
    world = World(sqlite_file, takes_old=False)
    world.pass_minutes()
    world.arrive(demo_events(SESSIONS))
    world.pass_minutes(20)
    assert world.totals() == {}


def test_only_one_process_flushes_and_another_takes_over(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    other = world.started("two")
    world.pass_minutes()
    world.arrive(demo_events(3))
    world.at += MINUTE
    other.flush()
    assert world.received["backend"] == []
    world.flusher.release()
    other.flush()
    assert world.totals() == _finished(sqlite_file)
    world.flusher.flush()
    assert world.totals() == _finished(sqlite_file)


def test_a_process_that_ends_while_it_sends_leaves_no_second_count(sqlite_file: Database) -> None:
    world = World(sqlite_file)
    world.pass_minutes()
    world.arrive(demo_events(3))

    def dies(_: str, body: bytes, /) -> Taken:
        world.received["backend"].append(body)
        raise KeyboardInterrupt

    dying = World(sqlite_file)
    dying.received, dying.at = world.received, world.at + MINUTE
    dying.send = dies  # type: ignore[method-assign]
    world.flusher.release()
    with pytest.raises(KeyboardInterrupt):
        dying.started("dying").flush()
    with sqlite_file.writing() as connection:
        connection.exec_driver_sql("UPDATE leases SET expires_at = 0")
    world.pass_minutes(3)
    assert world.totals() == _finished(sqlite_file)
    assert [row.state for row in _rows(sqlite_file)] == ["unsure"]


def _arrive_in_any_order(database: Database, seed: int, parts: int, minutes: list[int], restarts: list[bool]) -> None:
    chance = random.Random(seed)
    world = World(database)
    world.pass_minutes()
    events = list(demo_events(SESSIONS))
    chance.shuffle(events)
    for part in range(parts):
        world.arrive(events[part::parts])
        world.at += chance.randrange(MINUTE)
        if restarts[part]:
            if chance.random() < 0.5:
                _stop_in_the_middle(world, chance)
            world.flusher.release()
            world.flusher = world.started(f"process {part}")
        world.pass_minutes(minutes[part])
    world.pass_minutes(20)
    told, stored = world.totals(), _stored(database)
    counted = {key: value for key, value in told.items() if key[1] in ("total", "count")}
    for metric in ("tracehub.tool.calls", "tracehub.knowledge_base.lookups"):
        assert counted.get((metric, "total"), 0) == stored[metric, "total"]
    # A collaborator that came minutes before its supervisor was a call of its own when it was counted.
    assert told["tracehub.agent.turns", "total"] >= stored["tracehub.agent.turns", "total"]


def _events(lines: Sequence[bytes]) -> tuple[Event, ...]:
    return decode(Record(data=b"\n".join(lines), source="demo", received_at=0), Limits()).events


class _StopError(Exception):
    """The process ends here."""


def _stop_in_the_middle(world: World, chance: random.Random) -> None:
    """A window is half counted when the process ends."""
    left = [chance.randrange(1, 6)]
    original = world.flusher._check

    def check(connection: object) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise _StopError
        original(connection)  # type: ignore[arg-type]

    world.flusher._check = check  # type: ignore[method-assign]
    world.at += MINUTE
    try:
        world.flusher.flush()
    except _StopError:
        pass
    finally:
        world.flusher._check = original  # type: ignore[method-assign]


def _stored(database: Database) -> Totals:
    """What the rows add up to."""
    with database.reading() as connection:
        rows = connection.execute(
            select(spans, traces.c.outcome.label("ended"), traces.c.ended_at.label("over"), traces.c.written_at)
            .join(traces, (traces.c.trace_id == spans.c.trace_id) & (traces.c.project_id == spans.c.project_id))
            .order_by(spans.c.trace_id, spans.c.seq)
        ).all()
    return _added(rows)


def _finished(database: Database) -> Totals:
    """The same of calls that ended, without the tools whose result the application owes."""
    with database.reading() as connection:
        rows = connection.execute(
            select(spans, traces.c.outcome.label("ended"), traces.c.ended_at.label("over"), traces.c.written_at)
            .join(traces, (traces.c.trace_id == spans.c.trace_id) & (traces.c.project_id == spans.c.project_id))
            .where(traces.c.outcome != "incomplete")
        ).all()
    return _added(
        [row for row in rows if row.parent_seq is None or row.outcome not in ("incomplete", "returned_control")]
    )


def _added(rows: Sequence[Row[Any]]) -> Totals:
    found: Totals = Totals()
    for row in rows:
        lasted = None
        if row.started_at is not None and row.ended_at is not None and row.ended_at >= row.started_at:
            lasted = row.ended_at - row.started_at
        turn = row.parent_seq is None
        timed = {
            "agent": table.AGENT_DURATION,
            "tool": table.TOOL_DURATION,
            "code": table.TOOL_DURATION,
            "model": table.OPERATION_DURATION,
            "retrieval": table.OPERATION_DURATION,
        }.get(row.kind)
        if timed is not None and lasted is not None:
            found[timed.name, "count"] += 1_000_000
            found[timed.name, "sum"] += lasted
        if turn and row.over is not None and row.written_at >= row.over:
            found[table.INGEST_LAG.name, "count"] += 1_000_000
        for tokens in (row.input_tokens, row.output_tokens):
            if tokens is not None:
                found[table.TOKEN_USAGE.name, "count"] += 1_000_000
                found[table.TOKEN_USAGE.name, "sum"] += tokens * 1_000_000
        for metric, counts in (
            (table.TURNS, turn),
            (table.FAILURES, turn and row.ended == "failed"),
            (table.RETURN_CONTROL, turn and row.ended == "returned_control"),
            (table.INCOMPLETE, turn and row.ended == "incomplete"),
            (table.TOOL_CALLS, row.kind in ("tool", "code")),
            (table.TOOL_ERRORS, row.kind in ("tool", "code") and row.error_source is not None),
            (table.LOOKUPS, row.kind == "retrieval"),
            (table.EMPTY_LOOKUPS, row.kind == "retrieval" and row.results == 0),
            (table.INTERVENTIONS, row.kind == "guardrail" and row.policies is not None),
            (table.REPROMPTS, row.error_type == "reprompt"),
        ):
            if counts:
                found[metric.name, "total"] += 1_000_000
    return found


def _rows(database: Database) -> list[Row[Any]]:
    with database.reading() as connection:
        query = select(export_metric_windows).where(export_metric_windows.c.destination != "")
        return list(connection.execute(query.order_by(export_metric_windows.c.window_minute)))


def _waiting(database: Database) -> list[Row[Any]]:
    return [row for row in _rows(database) if row.state in ("waiting", "sending")]


def _time(body: bytes) -> int:
    message = ExportMetricsServiceRequest.FromString(body)
    metric = message.resource_metrics[0].scope_metrics[0].metrics[0]
    return (metric.histogram.data_points or metric.sum.data_points)[0].time_unix_nano


def _stamp_recent(world: World, events: Sequence[Event]) -> None:
    """As if they had happened just now."""
    world.arrive(events)
    with world.database.writing() as connection:
        values = {"started_at": world.at - 1_000_000, "ended_at": world.at}
        connection.execute(spans.update().values(values))
