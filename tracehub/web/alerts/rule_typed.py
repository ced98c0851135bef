"""What is typed into the form of a rule, in the words of the files, and back."""

from collections.abc import Mapping

from tracehub.model.alert import Severity
from tracehub.model.rule import FILTER_OF, Errors, NoData, Rule
from tracehub.model.rule_words import CONDITIONS, words_of
from tracehub.web.pages.form_fields import Typed, first

PLAIN = ("resolve", "window", "for", "min_samples", "percentile", "runbook", "repeat", "delay")
FILTERS = tuple(f"filter.{name}" for name in FILTER_OF.values())
INSIDE = {
    "burn_rate": ("objective", "period", "pairs"),
    "baseline": ("against", "margin", "days"),
    "new_version": ("tool_mix", "error_rate", "days"),
}
# What is chosen where nothing was: left out of the words, as files leave it out.
CHOSEN: dict[str, tuple[str, ...]] = {
    "errors": (Errors.BOTH.value,),
    "no_data": (NoData.KEEP.value,),
    "severity": (Severity.WARNING.value,),
    "condition": ("above",),
}
_PAIR = ("long", "short", "factor")


def words_in(typed: Typed) -> dict[str, object]:
    """The words of a rule that were typed; what stayed empty is left out, so that it is missed by name."""
    words: dict[str, object] = {name: text for name in ("name", "measure") if (text := first(typed, name).strip())}
    for name in ("errors", "no_data", "severity"):
        if (text := first(typed, name).strip()) and text not in CHOSEN[name]:
            words[name] = text
    condition = first(typed, "condition")
    if condition in ("above", "below"):
        words[condition] = first(typed, condition).strip()
    elif condition in INSIDE:
        words[condition] = _inside(typed, condition)
    words |= {name: text for name in PLAIN if (text := first(typed, name).strip())}
    if filters := {name.partition(".")[2]: found for name in FILTERS if (found := _listed(first(typed, name)))}:
        words["filter"] = filters
    for name in ("group_by", "channels"):
        if chosen := [value for value in typed.get(name, ()) if value]:
            words[name] = chosen
    if labels := _labels(first(typed, "labels")):
        words["labels"] = labels
    return words


def typed_of(rule: Rule) -> dict[str, list[str]]:
    """A rule as it would be typed."""
    words = words_of(rule)
    found: dict[str, list[str]] = {}
    for name, value in words.items():
        match value:
            case Mapping():
                found |= _typed_inside(name, value)
            case list() | tuple():
                found[name] = [str(each) for each in value]
            case _:
                found[name] = [_text(value)]
    found["condition"] = [name for name in CONDITIONS if name in words]
    return found


def _inside(typed: Typed, condition: str) -> dict[str, object]:
    words: dict[str, object] = {}
    for name in INSIDE[condition]:
        text = first(typed, f"{condition}.{name}").strip()
        if name == "pairs":
            if pairs := [_pair(line) for line in text.splitlines() if line.strip()]:
                words[name] = pairs
        elif text:
            words[name] = text
    return words


def _pair(line: str) -> dict[str, object]:
    """`1h 5m 14.4` by its words; what is missing stays so, and what is too much is not a factor any more."""
    long, short, factor = (*line.split(maxsplit=2), None, None, None)[:3]
    given = {"long": long, "short": short, "factor": factor}
    return {name: value for name, value in given.items() if value is not None}


def _listed(text: str) -> list[str]:
    return [value for part in text.replace("\n", ",").split(",") if (value := part.strip())]


def _labels(text: str) -> dict[str, str]:
    """`team: orders`, one a line."""
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in lines}


def _typed_inside(name: str, value: Mapping[str, object]) -> dict[str, list[str]]:
    if name == "labels":
        return {name: ["\n".join(f"{label}: {text}" for label, text in value.items())]}
    found = {}
    for inner, of in value.items():
        if inner == "pairs" and isinstance(of, list):
            found[f"{name}.{inner}"] = ["\n".join(" ".join(_text(pair[word]) for word in _PAIR) for pair in of)]
        elif isinstance(of, list | tuple):
            found[f"{name}.{inner}"] = [", ".join(map(str, of))]
        else:
            found[f"{name}.{inner}"] = [_text(of)]
    return found


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
