"""The form that declares a rule: its fields are the words of the files of rules."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from tracehub.alerting.rule_files import write_rules
from tracehub.model.alert import Severity
from tracehub.model.measure import ABOUT, GroupBy
from tracehub.model.rule import Against, Errors, NoData, Rule
from tracehub.model.rule_words import RuleError
from tracehub.web.alerts import places
from tracehub.web.alerts.rule_preview import Preview
from tracehub.web.alerts.rule_typed import CHOSEN, FILTERS, INSIDE
from tracehub.web.pages.form_fields import Field, Mistakes, Part, Typed, first, options_of
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

_HELP = {
    "name": "What the alert is called where people are told of it.",
    "measure": "What is measured.",
    "errors": "reported: the tool said so; inferred: its answer reads like an error.",
    "percentile": "Which percentile of the durations.",
    "above": "Fires above this: 5% or 0.05, 2.5s, 100000, $20.",
    "below": "Fires below this: 5% or 0.05, 2.5s, 100000, $20.",
    "resolve": "The value at which it is over; the threshold itself where empty.",
    "window": "How much of the past counts, in steps of 5m: 15m, 1h, 1d.",
    "for": "How long it must hold before anybody is told: 0s, 5m, 1h.",
    "min_samples": "With fewer calls than this nothing is concluded.",
    "no_data": "keep it as it is, resolve it, or fire because nothing is known.",
    "group_by": "One alert for each of these; one for all where none is ticked.",
    "severity": "How soon somebody should look.",
    "labels": "More labels, one a line: team: orders",
    "runbook": "The page that says what to do: https://…",
    "channels": "Where people are told; on every channel where none is ticked.",
    "repeat": "How often people are told again while it goes on.",
    "delay": "How long after its end a window is judged, so that late events are in it.",
    "burn_rate.objective": "The share that must be good, such as 99%.",
    "burn_rate.period": "How long the budget lasts.",
    "burn_rate.pairs": "Long window, short window, how many times too fast; one pair a line.",
    "baseline.against": "previous_version: the alias' former version; same_hour: the same hour of past days.",
    "baseline.margin": "How much worse it must be: 5% (points for shares, else relative).",
    "baseline.days": "How many past days count.",
    "new_version.tool_mix": "Share of calls that go to other tools than before; off for not looking.",
    "new_version.error_rate": "Points by which more tool calls fail; off for not looking.",
    "new_version.days": "How far back the former version's calls count, in days.",
}
_USUAL = {
    "percentile": "95",
    "window": "15m",
    "for": "0s",
    "min_samples": str(next(field.default for field in msgspec.structs.fields(Rule) if field.name == "min_samples")),
    "repeat": "4h",
    "burn_rate.period": "30d",
    "burn_rate.pairs": "1h 5m 14.4\n6h 30m 6\n3d 6h 1",
    "baseline.days": "7",
    "new_version.tool_mix": "20%",
    "new_version.error_rate": "5%",
    "new_version.days": "7",
}
_CONDITIONS = {
    "above": "above – a threshold",
    "below": "below – a threshold",
    "burn_rate": "burn_rate – an error budget burns too fast",
    "baseline": "baseline – worse than before",
    "new_version": "new_version – a new version departs from the former",
}
_FIELDS = (
    *("name", "measure", "errors", "percentile", "condition", "above", "below", "resolve", "window", "for"),
    *("min_samples", "no_data", "group_by", "severity", "labels", "runbook", "channels", "repeat", "delay"),
    *(f"{condition}.{name}" for condition, names in INSIDE.items() for name in names),
    *FILTERS,
)


class RuleForm(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_rule_form.html. `yaml` is the rule for a file, None while it is none; `preview` what it
    would have done, None where it was not asked for."""

    section: str = "alerts"
    title: str
    tabs: tuple[Tab, ...]
    action: str
    adding: bool
    parts: tuple[Part, ...]
    problems: tuple[str, ...]
    yaml: str | None
    preview: Preview | None


def rule_form(
    typed: Typed,
    *,
    action: str,
    fixed_name: str | None,
    channels: Iterable[str],
    error: RuleError | str | None = None,
    rule: Rule | None = None,
    preview: Preview | None = None,
) -> RuleForm:
    """The form as it was filled in; `rule` is the rule that it declares, for its YAML."""
    wrong = Mistakes(_found(error), _FIELDS)
    return RuleForm(
        title="New rule" if fixed_name is None else f"Edit {one_line(fixed_name, 100)}",
        tabs=places.tabs(places.RULES),
        action=action,
        adding=fixed_name is None,
        parts=_parts(typed, wrong.of, fixed_name, channels),
        problems=wrong.others,
        yaml=visible(write_rules([rule])) if rule else None,
        preview=preview,
    )


def _found(error: RuleError | str | None) -> list[tuple[str, str]]:
    match error:
        case None:
            return []
        case RuleError(mistakes=mistakes):
            return [
                (".".join(str(part) for part in each.path if isinstance(part, str)), each.text) for each in mistakes
            ]
        case text:
            return [("name", str(text))]


def _parts(typed: Typed, wrong: Mapping[str, str], fixed_name: str | None, channels: Iterable[str]) -> tuple[Part, ...]:
    def line(name: str, form: str = "line", only: str = "") -> Field:
        return _line(typed, wrong, name, form, only)

    def choice(name: str, choices: Iterable[tuple[str, str]], form: str = "select", only: str = "") -> Field:
        chosen = typed.get(name) or CHOSEN.get(name, ())
        return replace(line(name, form, only), options=options_of(choices, chosen))

    def of_condition(condition: str, name: str) -> Field:
        full = f"{condition}.{name}"
        if name == "against":
            return choice(full, _words(Against), only=condition)
        return line(full, "lines" if name == "pairs" else "line", condition)

    name = line("name")
    ticked = [*channels, *(each for each in typed.get("channels", ()) if each not in set(channels))]
    return (
        Part(
            heading="What is measured",
            fields=(
                replace(name, required=True) if fixed_name is None else replace(name, value=fixed_name, fixed=True),
                choice("measure", [(each.value, f"{each.value} – {about.title}") for each, about in ABOUT.items()]),
                choice("errors", _words(Errors)),
                line("percentile"),
                line("window"),
            ),
        ),
        Part(
            heading="Only of",
            help="Values of one word, with commas between them, are alternatives; different words must all match.",
            folded=True,
            fields=tuple(line(name) for name in FILTERS),
        ),
        Part(
            heading="When it fires",
            fields=(
                choice("condition", _CONDITIONS.items()),
                line("above", only="above"),
                line("below", only="below"),
                *(of_condition(condition, name) for condition, names in INSIDE.items() for name in names),
                line("resolve"),
                line("for"),
                line("min_samples"),
                choice("no_data", _words(NoData)),
                choice("group_by", _words(GroupBy), "ticks"),
            ),
        ),
        Part(
            heading="Who is told, and what",
            fields=(
                choice("severity", _words(Severity)),
                line("runbook"),
                *((choice("channels", [(name, name) for name in ticked], "ticks"),) if ticked else ()),
            ),
        ),
        Part(
            heading="Rarely needed",
            folded=True,
            fields=(line("labels", "lines"), line("repeat"), line("delay")),
        ),
    )


def _line(typed: Typed, wrong: Mapping[str, str], name: str, form: str, only: str) -> Field:
    return Field(
        name=name,
        label=name,
        help=_HELP.get(name, ""),
        form=form,
        value="" if form in ("select", "ticks") else visible(first(typed, name)),
        placeholder=_USUAL.get(name, ""),
        wrong=wrong.get(name, ""),
        only=only,
    )


def _words(of: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in of]
