"""The form of a rule has the words of the files: what is declared comes back as it was typed."""

import pytest

from tracehub.alerting.suggested import SUGGESTED
from tracehub.model.rule import Rule
from tracehub.model.rule_words import RuleError, read_rule
from tracehub.web.alerts.rule_form import rule_form
from tracehub.web.alerts.rule_typed import typed_of, words_in

_WHOLE: dict[str, object] = {
    "name": "Everything: 100 %",
    "measure": "tool_error_rate",
    "errors": "reported",
    "filter": {"agents": ["A", "B"], "tools": ["book_room"]},
    "window": "1h",
    "above": "5%",
    "resolve": "2.5%",
    "min_samples": 30,
    "for": "10m",
    "group_by": ["agent", "tool"],
    "no_data": "fire",
    "severity": "critical",
    "labels": {"team": "orders: refunds"},
    "runbook": "https://example.com/x",
    "channels": ["on call"],
    "repeat": "1h",
    "delay": "5m",
}
RULES = (
    *SUGGESTED,
    read_rule(_WHOLE),
    read_rule(
        {
            "name": "Pairs",
            "measure": "trace_failure_rate",
            "burn_rate": {
                "objective": "99.9%",
                "period": "7d",
                "pairs": [{"long": "1h", "short": "5m", "factor": 14.4}, {"long": "6h", "short": "30m", "factor": 6}],
            },
        }
    ),
    read_rule(
        {
            "name": "Worse than before",
            "measure": "tool_latency",
            "percentile": 99,
            "baseline": {"against": "previous_version", "margin": "50%", "days": 14},
        }
    ),
    read_rule(
        {"name": "Only errors", "measure": "tool_error_rate", "new_version": {"tool_mix": "off", "error_rate": "1%"}}
    ),
    read_rule({"name": "Too few", "measure": "tokens_per_hour", "below": 1000}),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_comes_back_as_it_was_typed(rule: Rule) -> None:
    assert read_rule(words_in(typed_of(rule))) == rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_form_sends_what_it_shows(rule: Rule) -> None:
    """As a browser does: every field, those that were not touched too."""
    form = rule_form(typed_of(rule), action="/", fixed_name=None, channels=["on call", "chat"])
    sent: dict[str, list[str]] = {}
    for part in form.parts:
        for field in part.fields:
            chosen = [option.value for option in field.options if option.chosen]
            sent[field.name] = chosen if field.options else [field.value]
            assert field.form != "select" or len(chosen) <= 1, field.name
    assert read_rule(words_in(sent)) == rule


def test_every_mistake_stands_beside_its_field() -> None:
    typed = {
        "name": ["x"],
        "measure": ["tool_latency"],
        "condition": ["above"],
        "above": ["soon"],
        "window": ["7m"],
        "filter.models": ["m"],
        "labels": ["severity: high\n1x: y"],
        "channels": ["nowhere"],
        "runbook": ["javascript:alert(1)"],
    }
    with pytest.raises(RuleError) as caught:
        read_rule(words_in(typed))
    form = rule_form(typed, action="/", fixed_name=None, channels=[], error=caught.value)
    wrong = {field.name for part in form.parts for field in part.fields if field.wrong}
    assert wrong == {"above", "window", "filter.models", "labels", "runbook"}
    assert form.problems == ()


def test_a_condition_that_is_empty_is_missed_where_it_belongs() -> None:
    typed = {"name": ["x"], "measure": ["tool_error_rate"], "condition": ["burn_rate"]}
    with pytest.raises(RuleError) as caught:
        read_rule(words_in(typed))
    form = rule_form(typed, action="/", fixed_name=None, channels=[], error=caught.value)
    assert form.problems == ("burn_rate: objective is missing: the share that must be good, such as 99%",)
