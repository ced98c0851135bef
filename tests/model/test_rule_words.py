"""Rules in words: what is written is read again, and every mistake is named at once."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracehub.alerting.suggested import SUGGESTED
from tracehub.model.measure import ABOUT, Measure, Unit
from tracehub.model.rule import Rule
from tracehub.model.rule_amounts import amount_words, duration_words, read_amount, read_duration
from tracehub.model.rule_words import RuleError, read_rule, words_of


@settings(deadline=None)
@given(st.integers(0, 10**8))
def test_a_duration_is_read_as_it_was_written(seconds: int) -> None:
    assert read_duration(duration_words(seconds)) == seconds


@settings(deadline=None)
@given(st.sampled_from(Unit), st.integers(0, 10**6))
def test_an_amount_is_read_as_it_was_written(unit: Unit, thousandths: int) -> None:
    value = thousandths / 1_000_000 if unit is Unit.SHARE else thousandths / 1000
    assert read_amount(amount_words(value, unit), unit) == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2w", 1_209_600), ("30d", 2_592_000), (0, 0)],
)
def test_durations_are_read(written: object, seconds: int) -> None:
    assert read_duration(written) == seconds


@pytest.mark.parametrize("written", [5, "5", "m", "", "1.5h", "-5m", "30m1h", None, [], True, "1" * 50 + "m"])
def test_other_durations_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"no unit|no duration"):
        read_duration(written)


@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        ("10%", Unit.SHARE, 0.1),
        (0.1, Unit.SHARE, 0.1),
        ("2.5s", Unit.SECONDS, 2.5),
        ("800ms", Unit.SECONDS, 0.8),
        ("1m30s", Unit.SECONDS, 90),
        (2, Unit.SECONDS, 2),
        ("$3.50", Unit.USD, 3.5),
        ("50_000", Unit.TOKENS, 50_000),
    ],
)
def test_amounts_are_read_in_their_units(written: object, unit: Unit, value: float) -> None:
    assert read_amount(written, unit) == pytest.approx(value)


@pytest.mark.parametrize("written", ["nan", float("nan"), float("inf"), "-1", -1, True, None, "1e400", "ten"])
@pytest.mark.parametrize("unit", Unit)
def test_what_is_no_amount_is_refused(written: object, unit: Unit) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_amount(written, unit)


@pytest.mark.parametrize("rule", SUGGESTED, ids=lambda rule: rule.name)
def test_suggested_rules_are_written_in_words_that_can_be_read(rule: Rule) -> None:
    assert read_rule(words_of(rule)) == rule


@pytest.mark.parametrize("measure", Measure)
def test_every_measure_can_be_narrowed_and_grouped_by_what_it_knows(measure: Measure) -> None:
    groups = [group.value for group in ABOUT[measure].groups]
    filters = {f"{group}s" if group != "alias" else "aliases": ["x"] for group in groups if group != "destination"}
    words = {"name": "x", "measure": measure.value, "above": 1, "group_by": groups, "filter": filters}
    rule = read_rule(words)
    assert rule.group_by == ABOUT[measure].groups
    assert read_rule(words_of(rule)) == rule


def test_words_of_forms_are_texts() -> None:
    words = {"name": "x", "measure": "tool_latency", "above": "2.5", "percentile": "99", "min_samples": "20"}
    rule = read_rule({**words, "group_by": "tool", "channels": "on call"})
    assert (rule.above, rule.percentile, rule.min_samples, rule.channels) == (2.5, 99, 20, ("on call",))


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(RuleError) as raised:
        read_rule({"name": "", "measure": "tool_errors", "window": "1m", "abov": 1, "labels": [], "filter": 3})
    assert [mistake.path for mistake in raised.value.mistakes] == [
        (),
        ("name",),
        ("measure",),
        ("window",),
        ("abov",),
        ("labels",),
        ("filter",),
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["name", "measure", "above", "below", "window", "for", "filter", "labels", "burn_rate", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
    )
)
def test_whatever_is_written_is_a_rule_or_has_mistakes(words: dict[str, object]) -> None:
    with suppress(RuleError):
        rule = read_rule(words)
        assert read_rule(words_of(rule)) == rule
