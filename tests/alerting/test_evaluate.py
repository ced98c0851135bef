"""The life of an alert: a pure function of what it was and what was read."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tracehub.alerting.evaluate import step, step_all
from tracehub.alerting.readings import Reading, Verdict, verdict_of
from tracehub.model.alert import Alert, AlertState
from tracehub.model.measure import GroupBy, Measure
from tracehub.model.rule import NoData, Rule

STEP = 300_000_000
RULE = Rule(name="errors", measure=Measure.TOOL_ERROR_RATE, above=0.2, resolve=0.1, for_=600)


def reading(value: float | None, samples: int = 100, at: int = 0, rule: Rule = RULE) -> Reading:
    """What a rule reads."""
    verdict = verdict_of(rule, value, samples)
    return Reading(value=value, threshold=0.2, samples=samples, verdict=verdict, since=at, until=at)


def states(values: list[float | None], rule: Rule = RULE, samples: int = 100) -> list[str]:
    """The state after each of these values, five minutes apart; `-` is no alert."""
    alert, found = None, []
    for number, value in enumerate(values, 1):
        alert = step(rule, (), alert, reading(value, samples, number * STEP, rule), number * STEP)
        found.append(alert.state.value if alert else "-")
    return found


def test_it_fires_when_the_condition_has_held_for_long_enough() -> None:
    assert states([0.1, 0.3, 0.3, 0.3, 0.3]) == ["-", "pending", "pending", "firing", "firing"]


def test_without_a_duration_it_fires_at_once() -> None:
    assert states([0.3], replace(RULE, for_=0)) == ["firing"]


def test_what_stops_before_it_fired_was_nothing() -> None:
    assert states([0.3, 0.3, 0.1, 0.3, 0.3, 0.3]) == ["pending", "pending", "-", "pending", "pending", "firing"]


def test_around_the_threshold_it_keeps_firing_until_the_other_one() -> None:
    values: list[float | None] = [0.3, 0.15, 0.25, 0.15, 0.11, 0.1, 0.15, 0.3]
    flapping = replace(RULE, for_=0)
    assert states(values, flapping) == ["firing"] * 5 + ["resolved", "resolved", "firing"]
    same = replace(flapping, resolve=None)
    assert states(values[:4], same) == ["firing", "resolved", "firing", "resolved"]


def test_below_is_the_other_way_round() -> None:
    rule = replace(RULE, above=None, below=0.5, resolve=0.6, for_=0)
    assert states([0.7, 0.4, 0.55, 0.6, 0.4], rule) == ["-", "firing", "firing", "resolved", "firing"]


def test_a_small_sample_is_no_data_not_a_false_alarm() -> None:
    assert states([1.0, 1.0], replace(RULE, for_=0), samples=9) == ["-", "-"]
    assert states([1.0], replace(RULE, for_=0, no_data=NoData.FIRE), samples=9) == ["-"]
    assert states([1.0], replace(RULE, for_=0), samples=10) == ["firing"]


def test_one_sample_is_enough_where_the_rule_says_so() -> None:
    assert states([1.0], replace(RULE, for_=0, min_samples=1), samples=1) == ["firing"]


def test_all_errors_are_above_everything_but_all() -> None:
    assert states([1.0], replace(RULE, above=0.999, for_=0)) == ["firing"]
    assert states([1.0], replace(RULE, above=1.0, for_=0)) == ["-"]


def test_no_data_keeps_resolves_or_fires() -> None:
    values: list[float | None] = [0.3, None, None]
    keep, resolve, fire = (replace(RULE, for_=0, no_data=policy) for policy in NoData)
    assert states(values, keep) == ["firing", "firing", "firing"]
    assert states(values, resolve) == ["firing", "resolved", "resolved"]
    assert states(values, fire) == ["firing", "firing", "firing"]
    assert states([None, 0.0], keep) == ["-", "-"]
    assert states([None, 0.0], fire) == ["firing", "resolved"]


def test_a_group_that_vanishes_is_kept_for_a_day_and_not_for_ever() -> None:
    alert = step(replace(RULE, for_=0), (), None, reading(0.3), STEP)
    for number in range(2, 290):
        alert = step(RULE, (), alert, None, number * STEP)
        assert alert is not None
        assert alert.state is (AlertState.FIRING if number < 289 else AlertState.RESOLVED)
    assert alert is not None
    assert alert.summary == "nothing is known of it any more"


def test_what_was_evaluated_is_not_evaluated_again() -> None:
    alert = step(replace(RULE, for_=0), (), None, reading(0.3), 5 * STEP)
    assert alert is not None
    assert step(RULE, (), alert, reading(0.0), 5 * STEP) is alert
    assert step(RULE, (), alert, reading(0.0), 4 * STEP) is alert


def test_groups_that_the_rule_no_longer_has_end() -> None:
    alert = step(replace(RULE, for_=0), (), None, reading(0.3), STEP)
    assert alert is not None
    by_tool = replace(RULE, group_by=(GroupBy.TOOL,), for_=0)
    group = (("tool", "a"),)
    after = step_all(by_tool, {alert.alert_id: alert}, {group: reading(0.3)}, 2 * STEP)
    ended = after.pop(alert.alert_id)
    assert ended is not None
    assert (ended.state, ended.summary) == (AlertState.RESOLVED, "the rule was changed")
    assert [found.labels["tool"] for found in after.values() if found] == ["a"]


VALUES = st.lists(st.none() | st.floats(0, 1), max_size=40)
RULES = st.builds(
    lambda for_, above, part, no_data: replace(
        RULE, for_=for_ * 300, above=above, resolve=above * part, no_data=no_data
    ),
    st.integers(0, 4),
    st.floats(0.05, 0.9),
    st.floats(0, 1),
    st.sampled_from(NoData),
)


@settings(deadline=None)
@given(values=VALUES, rule=RULES)
def test_every_life_goes_from_pending_to_firing_to_resolved(values: list[float | None], rule: Rule) -> None:
    alert: Alert | None = None
    for number, value in enumerate(values, 1):
        before, at = alert, number * STEP
        alert = step(rule, (), before, reading(value, 100, at, rule), at)
        was, now = before and before.state, alert and alert.state
        assert (was, now) in ALLOWED
        if alert and alert.state is AlertState.FIRING and was is not AlertState.FIRING:
            assert alert.fired_at == at
            assert at - alert.pending_at >= rule.for_ * 1_000_000
            assert rule.no_data is NoData.FIRE if value is None else value > (rule.above or 0)
        if alert and alert.state is AlertState.RESOLVED and was is AlertState.FIRING:
            assert alert.resolved_at == at
            assert rule.no_data is NoData.RESOLVE if value is None else value <= (rule.resolve or 0)


ALLOWED = {
    (None, None),
    (None, AlertState.PENDING),
    (None, AlertState.FIRING),
    (AlertState.PENDING, None),
    (AlertState.PENDING, AlertState.PENDING),
    (AlertState.PENDING, AlertState.FIRING),
    (AlertState.FIRING, AlertState.FIRING),
    (AlertState.FIRING, AlertState.RESOLVED),
    (AlertState.RESOLVED, AlertState.RESOLVED),
    (AlertState.RESOLVED, AlertState.PENDING),
    (AlertState.RESOLVED, AlertState.FIRING),
}


@settings(deadline=None)
@given(values=VALUES, rule=RULES, repeats=st.lists(st.integers(0, 39), max_size=10))
def test_evaluating_again_changes_nothing(values: list[float | None], rule: Rule, repeats: list[int]) -> None:
    """As a process does that was killed after it wrote, or that sees an older window late."""
    once = twice = None
    read = [reading(value, 100, number * STEP, rule) for number, value in enumerate(values, 1)]
    for number, found in enumerate(read, 1):
        once = step(rule, (), once, found, number * STEP)
        twice = step(rule, (), twice, found, number * STEP)
        for again in repeats:
            if twice and again * STEP < twice.evaluated_at:
                twice = step(rule, (), twice, read[again], (again + 1) * STEP)
    assert once == twice


def test_verdicts_are_what_the_thresholds_say() -> None:
    assert reading(0.21).verdict is Verdict.BREACH
    assert reading(0.2).verdict is Verdict.BETWEEN
    assert reading(0.1).verdict is Verdict.CLEAR
    assert reading(None, 0).verdict is Verdict.NONE
    assert reading(0.9, 3).verdict is Verdict.FEW
