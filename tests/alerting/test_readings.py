"""What rules read in their windows: thresholds, budgets, and what was before."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alerting.calls import BEGIN, MINUTE, keep, turns
from tests.alerting.evaluating import Watch, declare
from tests.stores import empty, migrated, store
from tests.traffic import demo_events
from tracehub.alerting.budget import budget
from tracehub.alerting.measures import Group, amounts, kinds_of
from tracehub.alerting.preview import lookback, preview
from tracehub.alerting.readings import Verdict, readings
from tracehub.alerting.windows import STEP_US, SharedWindows, SlotWindows, pieces_of
from tracehub.model.measure import ABOUT, GroupBy, Measure
from tracehub.model.rule import Against, Baseline, BurnRate, NewVersion, Rule, RuleFilter
from tracehub.model.rule_words import read_rule
from tracehub.pipeline.adding_up import catch_up
from tracehub.store import rollup_sums
from tracehub.store.database import Database

HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


def slots(database: Database, rule: Rule, since: int, until: int) -> SlotWindows:
    """The same windows from memory."""
    with database.reading() as connection:
        kinds = [*kinds_of(rule.measure), "turn"]
        return SlotWindows(rollup_sums.by_slot(connection, set(kinds), 5, since, until, timed=True))


@settings(deadline=None)
@given(first=st.integers(0, 5000), length=st.integers(1, 9000))
def test_pieces_of_a_window_are_the_window(first: int, length: int) -> None:
    since, until = first * STEP_US, (first + length) * STEP_US
    pieces = pieces_of(since, until)
    assert (pieces[0][1], pieces[-1][2]) == (since, until)
    assert all(before[2] == after[1] for before, after in pairwise(pieces))
    assert all(begin % (minutes * MINUTE) == 0 == end % (minutes * MINUTE) for minutes, begin, end in pieces)
    assert len(pieces) <= 7


@pytest.mark.parametrize("measure", [measure for measure in Measure if not ABOUT[measure].gauge])
def test_the_database_and_memory_read_the_same(database_url: str, measure: Measure) -> None:
    rule = Rule(name="x", measure=measure, above=0)
    with migrated(database_url) as database:
        store(database, demo_events(25))
        catch_up(database)
        with database.reading() as connection:
            bounds = [slot for slot, _, _ in rollup_sums.by_slot(connection, ["turn"], 5, 0, 2**53, timed=False)]
            first, last = min(bounds) - 3 * STEP_US, max(bounds) + STEP_US
            memory, shared = slots(database, rule, first, last), SharedWindows(connection)
            for since, until in ((first, last), (first + 7 * STEP_US, last - 11 * STEP_US), (last - HOUR, last)):
                for group_by in ((), ABOUT[measure].groups):
                    assert memory.amounts(rule, group_by, since, until) == shared.amounts(rule, group_by, since, until)
                assert memory.versions(first, until) == shared.versions(first, until)
            found = shared.amounts(rule, (), first, last)[()]
    # The demo's calls were recorded by nobody who looked at the clock.
    assert found.samples > 0 or measure is Measure.TIME_TO_FIRST_TOKEN
    assert found.part > 0 or ABOUT[measure].percentile


def found_at(database: Database, rule: Rule, at: int) -> dict[Group, tuple[Verdict, float | None]]:
    """What a rule reads of windows that end so long after BEGIN."""
    with database.reading() as connection:
        found = readings(rule, SharedWindows(connection), BEGIN + at)
    return {group: (reading.verdict, reading.value) for group, reading in found.items()}


def test_nothing_called_is_no_data_and_not_zero(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        for measure in Measure:
            if not ABOUT[measure].gauge:
                assert found_at(database, Rule(name="x", measure=measure, above=1), DAY) == {(): (Verdict.NONE, None)}


def test_a_filter_narrows_what_is_measured(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        keep(database, turns(0, HOUR, failing=50) + turns(0, HOUR, tool="Mail__send", agent="AGENT2"))
        rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, above=0.3, window=3600)
        by_group = Rule(name="x", measure=rule.measure, above=0.3, window=3600, group_by=(GroupBy.ACTION_GROUP,))
        assert found_at(database, rule, HOUR)[()][0] is Verdict.CLEAR
        assert found_at(database, by_group, HOUR)[("action_group", "Orders"),][0] is Verdict.BREACH
        for narrow in (
            RuleFilter(action_groups=("Mail",)),
            RuleFilter(tools=("Mail__send",)),
            RuleFilter(agents=("AGENT2",)),
        ):
            narrowed = Rule(name="x", measure=rule.measure, above=0.3, window=3600, filter=narrow)
            assert found_at(database, narrowed, HOUR) == {(): (Verdict.CLEAR, 0.0)}


def test_a_budget_burns_only_where_both_windows_say_so(sqlite_url: str) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, burn_rate=BurnRate(objective=0.99))
    with migrated(sqlite_url) as database:
        keep(database, turns(0, 5 * HOUR) + turns(5 * HOUR, 6 * HOUR, failing=30) + turns(6 * HOUR, 7 * HOUR))
        assert found_at(database, rule, 5 * HOUR)[()][0] is Verdict.CLEAR
        assert found_at(database, rule, 6 * HOUR)[()][0] is Verdict.BREACH
        # The hour before still burns, but the last five minutes do not: it is over.
        verdict, value = found_at(database, rule, 6 * HOUR + 35 * MINUTE)[()]
        assert value is not None
        assert verdict is Verdict.BREACH
        assert value < 6
        with database.reading() as connection:
            (left,) = budget(connection, rule, BEGIN + 7 * HOUR + MINUTE)
            assert budget(connection, Rule(name="y", measure=rule.measure, above=1), BEGIN) == ()
    assert (left.calls, left.bad) == (420, 18)
    assert left.spent == pytest.approx(18 / 4.2)
    assert left.left == 0.0
    assert left.allowed == pytest.approx(4.2)
    assert left.until == BEGIN + 7 * HOUR
    assert left.burning == pytest.approx(18 / 360 / 0.01)
    assert left.exhausted_at == left.until


def test_a_budget_without_calls_is_unknown(sqlite_url: str) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, burn_rate=BurnRate(objective=0.99))
    with migrated(sqlite_url) as database, database.reading() as connection:
        (left,) = budget(connection, rule, BEGIN)
    assert (left.calls, left.spent, left.left, left.burning, left.exhausted_at) == (0, None, None, None, None)


@pytest.mark.parametrize(
    ("failing", "every", "verdict"),
    [(40, MINUTE, Verdict.BREACH), (0, MINUTE, Verdict.CLEAR), (40, 5 * MINUTE, Verdict.FEW)],
)
def test_a_version_is_compared_with_the_one_before(sqlite_url: str, failing: int, every: int, verdict: Verdict) -> None:
    compared = Baseline(against=Against.PREVIOUS_VERSION, margin=0.1)
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, baseline=compared, window=3600)
    with migrated(sqlite_url) as database:
        keep(database, turns(0, DAY, every=10 * MINUTE, failing=5))
        keep(database, turns(DAY, DAY + HOUR, every=every, failing=failing, version="2"))
        found = found_at(database, rule, DAY + HOUR)
    assert found[("agent", "AGENT1"), ("alias", "LIVE"), ("version", "2")][0] is verdict


def test_an_hour_is_compared_with_the_same_hour_of_past_days(sqlite_url: str) -> None:
    """Hours are UTC, whatever clocks people have."""
    compared = Baseline(against=Against.SAME_HOUR, margin=0.5, days=5)
    rule = Rule(name="x", measure=Measure.TRACE_DURATION, percentile=95, baseline=compared, window=3600)
    with migrated(sqlite_url) as database:
        for day in range(6):
            # Every night at two it is slow, as ever; in the last one also at four.
            keep(database, turns(day * DAY + 2 * HOUR, day * DAY + 3 * HOUR, lasted_ms=8000))
            keep(database, turns(day * DAY + 4 * HOUR, day * DAY + 5 * HOUR, lasted_ms=8000 if day == 5 else 2000))
        assert found_at(database, rule, 5 * DAY + 3 * HOUR)[()][0] is Verdict.CLEAR
        assert found_at(database, rule, 5 * DAY + 5 * HOUR)[()][0] is Verdict.BREACH
        assert found_at(database, rule, 2 * HOUR + HOUR)[()][0] is Verdict.FEW


def test_a_new_version_that_calls_other_tools_departs(sqlite_url: str) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, new_version=NewVersion(), window=86_400)
    with migrated(sqlite_url) as database:
        keep(database, turns(0, 2 * HOUR) + turns(0, 2 * HOUR, tool="Mail__send"))
        assert found_at(database, rule, 2 * HOUR) == {}
        keep(database, turns(3 * HOUR, 4 * HOUR, version="2", failing=30))
        found = found_at(database, rule, 4 * HOUR)
        who = (("agent", "AGENT1"), ("alias", "LIVE"), ("version", "2"))
        verdict, moved = found[*who, ("departs", "tool_mix")]
        assert verdict is Verdict.BREACH
        assert moved == pytest.approx(0.5)
        assert found[*who, ("departs", "error_rate")][0] is Verdict.BREACH
        # After a day the version is not new any more.
        assert found_at(database, rule, 28 * HOUR) == {}


def test_a_new_version_that_does_the_same_does_not_depart(sqlite_url: str) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, new_version=NewVersion(), window=86_400)
    with migrated(sqlite_url) as database:
        keep(database, turns(0, 2 * HOUR, failing=5) + turns(0, 2 * HOUR, tool="Mail__send"))
        keep(database, turns(3 * HOUR, 4 * HOUR, version="2", failing=5))
        keep(database, turns(3 * HOUR, 4 * HOUR, version="2", tool="Mail__send"))
        found = found_at(database, rule, 4 * HOUR)
    assert {verdict for verdict, _ in found.values()} == {Verdict.CLEAR}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.integers(0, 11), length=st.integers(1, 24), failing=st.integers(0, 100))
def test_a_preview_is_what_the_evaluator_would_have_done(
    sqlite_url: str, begin: int, length: int, failing: int
) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, above=0.2, resolve=0.1, window=900, for_=300)
    with migrated(sqlite_url) as database:
        empty(database)
        until = (begin + length) * 5 * MINUTE
        keep(database, turns(0, begin * 5 * MINUTE) + turns(until, 4 * HOUR))
        keep(database, turns(begin * 5 * MINUTE, until, failing=failing))
        with database.reading() as connection:
            seen = preview(connection, rule, BEGIN, BEGIN + 4 * HOUR)
        declare(database, rule)
        watch = Watch(database)
        watch.run_through(0, 240)
    fired = [minute for _, state, minute in watch.told if state == "firing"]
    over = [minute for _, state, minute in watch.told if state == "resolved"]
    assert [(episode.since - BEGIN) // MINUTE for episode in seen.episodes] == fired
    assert [(episode.until - BEGIN) // MINUTE for episode in seen.episodes if episode.until] == over


def test_a_preview_says_how_often_a_rule_would_have_fired(sqlite_url: str) -> None:
    rule = Rule(name="x", measure=Measure.TOOL_ERROR_RATE, above=0.2, window=900, group_by=(GroupBy.TOOL,))
    with migrated(sqlite_url) as database:
        for hour in range(6):
            keep(database, turns(hour * HOUR, (hour + 1) * HOUR, failing=60 if hour in (1, 3, 5) else 0))
        with database.reading() as connection:
            seen = preview(connection, rule, BEGIN, BEGIN + 6 * HOUR)
            silence = read_rule({"name": "s", "measure": "source_silence", "above": "1h"})
            none = preview(connection, silence, BEGIN, BEGIN + 6 * HOUR)
    assert seen.text == "would have fired 3 times"
    assert [episode.until is None for episode in seen.episodes] == [False, False, True]
    assert (seen.groups, len(seen.series), len(seen.series[0].points)) == (1, 1, 72)
    assert none.note is not None
    assert lookback(rule) == 900_000_000 + HOUR


def test_measures_count_nothing_of_other_kinds() -> None:
    rule = Rule(name="x", measure=Measure.REPROMPTS, above=0)
    assert amounts(rule, (GroupBy.AGENT,), []) == {}
