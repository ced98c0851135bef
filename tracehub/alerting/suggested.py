"""Rules that are worth having from the first day on."""

from tracehub.model.rule import Rule
from tracehub.model.rule_words import read_rule

_WORDS: tuple[dict[str, object], ...] = (
    {
        "name": "A tool fails",
        "measure": "tool_error_rate",
        "above": "20%",
        "resolve": "10%",
        "window": "15m",
        "for": "5m",
        "min_samples": 20,
        "group_by": ["tool"],
        "severity": "critical",
    },
    {
        "name": "Tool calls burn their error budget",
        "measure": "tool_error_rate",
        "burn_rate": {"objective": "99%"},
        "min_samples": 50,
    },
    {
        "name": "Turns fail",
        "measure": "trace_failure_rate",
        "above": "10%",
        "resolve": "5%",
        "window": "30m",
        "for": "5m",
        "min_samples": 20,
        "group_by": ["agent"],
        "severity": "critical",
    },
    {
        "name": "A new version behaves differently",
        "measure": "tool_error_rate",
        "new_version": {"tool_mix": "20%", "error_rate": "5%"},
        "window": "1d",
        "min_samples": 50,
    },
    {
        "name": "Answers take twice as long as usual",
        "measure": "trace_duration",
        "baseline": {"against": "same_hour", "margin": "100%"},
        "window": "1h",
        "for": "10m",
        "min_samples": 50,
        "group_by": ["agent"],
    },
    {
        "name": "A source is silent",
        "measure": "source_silence",
        "above": "6h",
        "group_by": ["source"],
    },
)

# In the order in which they are offered.
SUGGESTED: tuple[Rule, ...] = tuple(read_rule(words) for words in _WORDS)
