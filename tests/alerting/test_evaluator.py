"""Rules are evaluated once for each window, whatever happens to the processes that do it."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection

from tests.alerting.calls import BEGIN, MINUTE, Turn, keep, turns
from tests.alerting.evaluating import Watch, declare
from tests.stores import empty, migrated
from tracehub.alerting.evaluator import Evaluator
from tracehub.alerting.gauges import read_gauges
from tracehub.errors import LeaseLostError
from tracehub.model.alert import Alert, AlertState
from tracehub.model.listing import Counts
from tracehub.model.measure import GroupBy, Measure
from tracehub.model.rule import NoData, Rule
from tracehub.store import alert_history, alert_rules, alerts, leases, sources, spans, traces
from tracehub.store.database import Database

HOUR = 60 * MINUTE
RULE = Rule(
    name="errors", measure=Measure.TOOL_ERROR_RATE, above=0.2, resolve=0.1, window=900, for_=300, min_samples=10
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with migrated(database_url) as opened:
        yield opened


def incident(failing: int = 60) -> list[Turn]:
    """Two hours of calls, with half an hour from minute 60 on in which some fail."""
    quiet = turns(0, HOUR) + turns(90 * MINUTE, 3 * HOUR)
    return quiet + turns(HOUR, 90 * MINUTE, failing=failing)


def test_an_incident_is_told_once_and_its_end_too(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(30, 180)
    assert watch.told == [("errors", "pending", 65), ("errors", "firing", 70), ("errors", "resolved", 105)]
    with database.reading() as connection:
        (alert,) = alerts.every(connection)
        points = alert_history.of_alert(connection, alert.alert_id, 0, BEGIN * 2)
    assert alert.state is AlertState.RESOLVED
    assert [(point.at - BEGIN) // MINUTE for point in points] == [65, 70, 75, 80, 85, 90, 95, 100, 105]


def test_what_fires_says_why_and_where_to_look(database: Database) -> None:
    keep(database, incident())
    declare(database, replace(RULE, group_by=(GroupBy.TOOL,), labels={"team": "shop"}, channels=("chat",)))
    watch = Watch(database)
    watch.run_through(60, 75)
    with database.reading() as connection:
        (alert,) = alerts.every(connection, [AlertState.FIRING])
    assert alert.labels == {"alertname": "errors", "severity": "warning", "team": "shop", "tool": "Orders__refund"}
    assert alert.samples == 15
    assert alert.summary == "Tool error rate of Orders__refund is 66.7 %, above 20 %: 15 tool calls in 15m"
    assert alert.evidence[0] == "7 × Orders__refund: the order is unknown"
    assert alert.sessions == (
        "tool=Orders__refund&errors=1&active_since=2026-09-28T01%3A00%3A00Z&active_until=2026-09-28T01%3A15%3A00Z"
    )
    assert (alert.window_from, alert.window_until) == (BEGIN + HOUR, BEGIN + 75 * MINUTE)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(restarts=st.sets(st.integers(13, 21)), failing=st.integers(0, 100))
def test_restarts_change_nothing(database: Database, restarts: set[int], failing: int) -> None:
    told = []
    for restarted in (restarts, set[int]()):
        empty(database)
        keep(database, incident(failing))
        declare(database, RULE)
        watch = Watch(database)
        for tick in range(12, 23):
            if tick in restarted:
                watch.restart()
            watch.run(tick * 5)
        told.append(watch.told)
    assert told[0] == told[1]


def test_what_was_missed_is_caught_up(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE)
    watch = Watch(database)
    watch.run(30)
    watch.restart()
    watch.run(180)
    assert watch.told == [("errors", "pending", 65), ("errors", "firing", 70), ("errors", "resolved", 105)]


def test_what_was_missed_for_too_long_is_shown(database: Database) -> None:
    declare(database, RULE)
    watch = Watch(database)
    watch.run(0)
    watch.run(24 * 60)
    with database.reading() as connection:
        row = alert_rules.one(connection, "errors")
    assert row.last_evaluated_at == BEGIN + 24 * HOUR
    assert row.last_error == "not evaluated for 18 hours, while no tracehub was running"
    watch.run(24 * 60 + 5)
    with database.reading() as connection:
        assert alert_rules.one(connection, "errors").last_error is None


def test_nothing_is_due_twice(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE, now=BEGIN + 75 * MINUTE)
    watch = Watch(database)
    assert watch.run(75).windows == 1
    assert watch.run(75).windows == 0
    assert watch.run(79.9).windows == 0
    watch.run(80)
    assert [(state, minute) for _, state, minute in watch.told] == [("pending", 75), ("firing", 80)]


def test_late_events_of_an_hour_are_told(database: Database) -> None:
    whole = incident()
    keep(database, [turn for turn in whole if turn.error is None])
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(30, 150)
    assert watch.told == []
    keep(database, [turn for turn in whole if turn.error], late=True)
    watch.run(155)
    assert watch.told == [("errors", "firing", 70), ("errors", "resolved", 105)]
    watch.run(160)
    assert len(watch.told) == 2


def test_late_events_do_not_tell_again_what_was_told(database: Database) -> None:
    whole = incident()
    late = [turn for turn in whole if turn.error][::3]
    keep(database, [turn for turn in whole if turn not in late])
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(30, 150)
    told = list(watch.told)
    assert [state for _, state, _ in told] == ["pending", "firing", "resolved"]
    keep(database, late, late=True)
    watch.run_through(155, 165)
    assert watch.told == told


def test_a_reindex_in_between_changes_nothing(database: Database) -> None:
    """Rows go and come back in other transactions: counters go back to nothing."""
    found = incident()
    keep(database, found)
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(30, 75)
    with database.writing() as connection:
        stored = connection.exec_driver_sql("SELECT trace_id FROM traces").scalars()
        trace_ids = [bytes(each).hex() for each in stored]
        spans.remove(connection, trace_ids)
        traces.remove(connection, trace_ids)
    watch.run(80)
    keep(database, found)
    watch.run_through(85, 180)
    assert [state for _, state, _ in watch.told] == ["pending", "firing", "resolved"]


def test_without_data_an_alert_stays_for_a_day(database: Database) -> None:
    keep(database, turns(0, HOUR) + turns(HOUR, 90 * MINUTE, failing=60))
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(30, 90 + 24 * 60 + 30)
    assert [(state, minute) for _, state, minute in watch.told] == [
        ("pending", 65),
        ("firing", 70),
        ("resolved", 95 + 24 * 60),
    ]


def test_no_data_can_resolve_and_can_fire(database: Database) -> None:
    keep(database, turns(0, HOUR) + turns(HOUR, 90 * MINUTE, failing=60))
    silent = replace(RULE, name="silent", above=1.0, no_data=NoData.FIRE, for_=0, group_by=(GroupBy.AGENT,))
    declare(database, replace(RULE, no_data=NoData.RESOLVE), silent)
    watch = Watch(database)
    watch.run_through(30, 150)
    told = {(rule, state): minute for rule, state, minute in watch.told}
    assert told["errors", "resolved"] == 100
    assert told["silent", "firing"] == 105
    with database.reading() as connection:
        (alert,) = alerts.every(connection, [AlertState.FIRING])
    assert (alert.rule, alert.value, alert.summary) == ("silent", None, "Tool error rate of AGENT1: no data")


@pytest.mark.parametrize("change", ["removed", "paused", "changed"])
def test_the_alerts_of_a_rule_that_is_gone_are_resolved(database: Database, change: str) -> None:
    keep(database, incident())
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(60, 80)
    with database.writing() as connection:
        if change == "removed":
            alert_rules.remove(connection, "errors")
        elif change == "paused":
            alert_rules.pause(connection, "errors", True)
        else:
            other = replace(RULE, group_by=(GroupBy.AGENT,), above=0.9)
            alert_rules.declare(connection, other, declared_in="ui", now=BEGIN)
    watch.run(85)
    with database.reading() as connection:
        (alert,) = alerts.every(connection)
    assert alert.state is AlertState.RESOLVED
    assert alert.summary == f"the rule was {change}"


def test_a_higher_threshold_ends_what_fires_under_the_former_one(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE)
    watch = Watch(database)
    watch.run_through(60, 80)
    declare(database, replace(RULE, above=0.9, resolve=None))
    watch.run(85)
    assert watch.told[-1] == ("errors", "resolved", 85)


def test_who_lost_the_lease_writes_nothing(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE)

    def overtaken(connection: Connection, changed: Sequence[Alert], now: int) -> None:
        leases.revoke(connection, "alerting")
        leases.check(connection, "alerting", 1)

    slow = Evaluator(database, owner="slow", after=overtaken, gauging=read_gauges)
    with pytest.raises(LeaseLostError):
        slow.run(BEGIN + 75 * MINUTE + MINUTE)
    with database.reading() as connection:
        assert alerts.every(connection) == ()
        assert alert_rules.one(connection, "errors").last_evaluated_at is None


def test_only_one_of_two_evaluates(database: Database) -> None:
    keep(database, incident())
    declare(database, RULE)
    first, second = Watch(database, owner="one"), Watch(database, owner="two")
    for minute in range(30, 181, 5):
        first.run(minute)
        second.run(minute)
    assert [state for _, state, _ in first.told] == ["pending", "firing", "resolved"]
    assert second.told == []


def test_a_hook_that_fails_keeps_the_alert_from_being_written(database: Database) -> None:
    keep(database, incident())
    declare(database, replace(RULE, for_=0))

    def failing(connection: Connection, changed: Sequence[Alert], now: int) -> None:
        raise ValueError("no")

    evaluator = Evaluator(database, owner="one", after=failing, gauging=read_gauges)
    with pytest.raises(ValueError, match="no"):
        evaluator.run(BEGIN + 75 * MINUTE + MINUTE)
    watch = Watch(database, owner="one")
    watch.run(75)
    assert watch.told == [("errors", "firing", 75)]


def test_a_source_that_is_silent_is_told_until_it_is_heard_again(database: Database) -> None:
    silence = Rule(name="silence", measure=Measure.SOURCE_SILENCE, above=3600, group_by=(GroupBy.SOURCE,))
    declare(database, silence)
    with database.writing() as connection:
        for name in ("heard", "silent", "paused"):
            sources.declare_pushed(connection, name, "push", now=BEGIN)
        sources.pause(connection, "paused", True)
    watch = Watch(database)
    for minute in range(0, 181, 5):
        with database.writing() as connection:
            for name in ["heard"] if minute < 120 else ["heard", "silent"]:
                counted = Counts(records=1, events=1)
                sources.count(connection, name, counted, newest_at=None, now=BEGIN + minute * MINUTE)
        watch.run(minute)
    assert watch.told == [("silence", "firing", 65), ("silence", "resolved", 120)]
    with database.reading() as connection:
        (alert,) = alerts.every(connection)
    assert (alert.labels["source"], alert.sessions) == ("silent", None)


def test_a_source_that_is_removed_is_no_longer_silent(database: Database) -> None:
    declare(database, Rule(name="silence", measure=Measure.SOURCE_SILENCE, above=3600, group_by=(GroupBy.SOURCE,)))
    with database.writing() as connection:
        sources.declare_pushed(connection, "silent", "push", now=BEGIN)
    watch = Watch(database)
    watch.run_through(0, 70)
    with database.writing() as connection:
        sources.remove(connection, "silent")
    watch.run(75)
    assert watch.told == [("silence", "firing", 65), ("silence", "resolved", 75)]
