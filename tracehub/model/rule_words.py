"""Rules in words, as files and forms have them: read with every mistake at once, and written."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

import msgspec

from tracehub.errors import PermanentError
from tracehub.model.alert import Severity
from tracehub.model.measure import ABOUT, GroupBy, Measure, Unit
from tracehub.model.rule import (
    FILTER_OF,
    PAIRS,
    PERIOD_SECONDS,
    Against,
    Baseline,
    BurnRate,
    Errors,
    NewVersion,
    NoData,
    Pair,
    Rule,
    RuleFilter,
)
from tracehub.model.rule_amounts import amount_words, duration_words, read_amount, read_duration
from tracehub.model.rule_values import (
    address_of,
    factor_of,
    listed,
    margin_of,
    objective_of,
    percentile_of,
    share_or_off,
    shown,
    text_of,
    unknown_word,
    whole_number,
)

STEP_SECONDS = 300
LONGEST_SECONDS = 30 * 86_400
# How long a window is where a rule does not say it: by its condition, which may ask for more calls than a threshold.
_WINDOW, _WINDOWS = 900, {"baseline": 3600, "new_version": 86_400}
CONDITIONS = ("above", "below", "burn_rate", "baseline", "new_version")
RESERVED_LABELS = frozenset({"alertname", "severity", "departs", *GroupBy})
MOST_VALUES = 50
_NAME = re.compile(r"[\w](?:[\w .:/@%()+,-]{0,98}[\w%)])?")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
Path = tuple[str | int, ...]
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Mistake(msgspec.Struct, frozen=True):
    """What is wrong, and where: the keys and places that lead to it."""

    path: Path
    text: str


class RuleError(PermanentError):
    """A rule cannot be used; `mistakes` are all of them, in the order of the words."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(f"{place(mistake.path)}: {mistake.text}" for mistake in self.mistakes))


def place(path: Path) -> str:
    """A path as people write it: `burn_rate.pairs[0].long`."""
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the rule"


def read_rule(words: object) -> Rule:
    """The rule that these words declare; RuleError with every mistake in them."""
    return _Words(words).rule()


def words_of(rule: Rule) -> dict[str, object]:
    """The words from which `rule` is read, without what stands at its default."""
    unit = rule.about.unit
    found: dict[str, object] = {"name": rule.name, "measure": rule.measure.value}
    for field in msgspec.structs.fields(Rule):
        value = getattr(rule, field.name)
        default = _window_of(rule) if field.name == "window" else field.default
        if field.name in found or value == default or value in ((), {}, RuleFilter()):
            continue
        if field.name in ("above", "below", "resolve"):
            value = amount_words(value, unit)
        elif field.name in ("window", "for_", "repeat", "delay"):
            value = duration_words(value)
        elif field.name == "filter":
            value = {name: list(of) for name, of in msgspec.structs.asdict(value).items() if of}
        elif isinstance(value, BurnRate | Baseline | NewVersion):
            value = _condition_words(value, unit)
        elif isinstance(value, tuple):
            value = [str(each) for each in value]
        elif isinstance(value, StrEnum):
            value = value.value
        found[field.encode_name] = value
    return found


def _window_of(rule: Rule) -> int:
    given = next((name for name in CONDITIONS if getattr(rule, name) is not None), "above")
    return _WINDOWS.get(given, _WINDOW)


def _condition_words(value: BurnRate | Baseline | NewVersion, unit: Unit) -> dict[str, object]:
    match value:
        case BurnRate():
            found: dict[str, object] = {"objective": amount_words(value.objective, Unit.SHARE)}
            if value.period != PERIOD_SECONDS:
                found["period"] = duration_words(value.period)
            if value.pairs != PAIRS:
                found["pairs"] = [
                    {"long": duration_words(pair.long), "short": duration_words(pair.short), "factor": pair.factor}
                    for pair in value.pairs
                ]
            return found
        case Baseline():
            return {
                "against": value.against.value,
                "margin": amount_words(value.margin, Unit.SHARE),
                "days": value.days,
            }
        case NewVersion():
            named = {"tool_mix": value.tool_mix, "error_rate": value.error_rate}
            shares = {name: "off" if of is None else amount_words(of, Unit.SHARE) for name, of in named.items()}
            return {**shares, "days": value.days}


class _Words:
    """One rule's words, being read."""

    def __init__(self, words: object) -> None:
        self.mistakes: list[Mistake] = []
        self._words = self._mapping((), words, [field.encode_name for field in msgspec.structs.fields(Rule)])

    def rule(self) -> Rule:
        words, given = self._words, set(self._words)
        name = self._needed("name", self._name, "")
        measure = self._needed("measure", lambda value: self._choice(value, Measure), Measure.TOOL_ERROR_RATE)
        known = "measure" in words and not self._wrong("measure")
        unit = ABOUT[measure].unit

        def amount(value: object) -> float:
            return read_amount(value, unit)

        values: dict[str, object] = {"name": name, "measure": measure}
        readers: dict[str, Callable[[object], object]] = {
            "errors": lambda value: self._choice(value, Errors),
            "percentile": percentile_of,
            "window": read_duration,
            "min_samples": lambda value: whole_number(value, 1, 10**9),
            "for": read_duration,
            "no_data": lambda value: self._choice(value, NoData),
            "severity": lambda value: self._choice(value, Severity),
            "runbook": address_of,
            "repeat": read_duration,
            "delay": read_duration,
        }
        if known:
            readers |= {"above": amount, "below": amount, "resolve": amount}
        for key, read in readers.items():
            self._read(values, key, read)
        values["filter"] = self._filter(measure if known else None)
        values["group_by"] = self._groups(measure if known else None)
        values["labels"] = self._labels()
        values["channels"] = self._texts(("channels",), words.get("channels", []))
        for key, read_condition in (
            ("burn_rate", self._burn_rate),
            ("baseline", self._baseline),
            ("new_version", self._new_version),
        ):
            if key in words:
                values[key] = read_condition(words[key])
        condition = self._condition(given)
        values.setdefault("window", _WINDOWS.get(condition, _WINDOW))
        if known:
            self._together(values, given, measure, condition)
        self._lengths(values, given)
        if self.mistakes:
            order = {key: number for number, key in enumerate(words)}
            self.mistakes.sort(key=lambda mistake: order.get(str(mistake.path[0]), -1) if mistake.path else -1)
            raise RuleError(self.mistakes)
        values["for_"] = values.pop("for", 0)
        return Rule(**values)  # type: ignore[arg-type]

    def _condition(self, given: set[str]) -> str:
        """The one condition that there has to be."""
        conditions = [name for name in CONDITIONS if name in given]
        if len(conditions) != 1 and not self._wrong_root():
            named = " and ".join(conditions) if conditions else "none"
            self._wrong_at(
                (conditions[1],) if conditions else (), f"one of {listed(CONDITIONS)} is needed, not {named}"
            )
        return conditions[0] if conditions else "above"

    def _together(self, values: dict[str, object], given: set[str], measure: Measure, condition: str) -> None:
        """What fields ask of each other."""
        about = ABOUT[measure]
        if about.gauge and condition not in ("above", "below"):
            self._wrong_at((condition,), f"{measure} is measured as it stands now: only above and below are possible")
        if about.gauge and "window" in given:
            self._wrong_at(("window",), f"{measure} is measured as it stands now, without a window")
        if values.get("no_data") is NoData.FIRE and condition not in ("above", "below"):
            self._wrong_at(("no_data",), "fire needs above or below: without data there is nothing to compare")
        if "errors" in given and not about.errors:
            self._wrong_at(("errors",), f"{measure} has no kinds of errors")
        if "percentile" in given and not about.percentile:
            self._wrong_at(("percentile",), f"{measure} has no percentiles")
        if condition == "burn_rate" and about.unit is not Unit.SHARE:
            self._wrong_at(("burn_rate",), f"{measure} is no share, so there is no budget of it")
        if condition == "burn_rate" and "window" in given:
            self._wrong_at(("window",), "burn_rate has windows of its own: its pairs")
        if condition == "new_version":
            self._with_new_version(given, measure)
        baseline = values.get("baseline")
        if isinstance(baseline, Baseline) and baseline.against is Against.PREVIOUS_VERSION:
            self._with_previous_version(values)
            if about.unit in (Unit.TOKENS, Unit.USD):
                self._wrong_at(
                    ("baseline", "against"), f"versions do not run side by side: compare {measure} with same_hour"
                )
        self._resolve(values, given, condition)

    def _with_new_version(self, given: set[str], measure: Measure) -> None:
        if measure is not Measure.TOOL_ERROR_RATE:
            self._wrong_at(("measure",), "new_version looks at tool calls: its measure is tool_error_rate")
        if "group_by" in given:
            self._wrong_at(
                ("group_by",), "new_version has one alert for each version that departs, and no other groups"
            )

    def _with_previous_version(self, values: dict[str, object]) -> None:
        filter, groups = values["filter"], values["group_by"]
        if isinstance(filter, RuleFilter) and filter.versions:
            self._wrong_at(("filter", "versions"), "previous_version compares the versions of an alias: leave them out")
        if isinstance(groups, tuple) and GroupBy.VERSION in groups:
            self._wrong_at(("group_by",), "previous_version is grouped by agent, alias and version already")

    def _resolve(self, values: dict[str, object], given: set[str], condition: str) -> None:
        if "resolve" not in given:
            return
        resolve, threshold = values.get("resolve"), values.get(condition)
        if condition not in ("above", "below"):
            self._wrong_at(("resolve",), "only above and below have a value at which the alert is over")
        elif isinstance(resolve, float) and isinstance(threshold, float):
            if condition == "above" and resolve > threshold:
                self._wrong_at(("resolve",), "the alert would be over while it fires: give at most what above says")
            if condition == "below" and resolve < threshold:
                self._wrong_at(("resolve",), "the alert would be over while it fires: give at least what below says")

    def _lengths(self, values: dict[str, object], given: set[str]) -> None:
        if "window" in given:
            self._window(("window",), values.get("window"))
        repeat, delay = values.get("repeat"), values.get("delay")
        if isinstance(repeat, int) and not STEP_SECONDS <= repeat <= LONGEST_SECONDS:
            self._wrong_at(("repeat",), "from 5m to 30d")
        if isinstance(delay, int) and delay > 86_400:
            self._wrong_at(("delay",), "at most 1d")
        if isinstance(lasting := values.get("for"), int) and lasting > LONGEST_SECONDS:
            self._wrong_at(("for",), "at most 30d")

    def _window(self, path: Path, seconds: object) -> None:
        if isinstance(seconds, int) and (seconds % STEP_SECONDS or not STEP_SECONDS <= seconds <= LONGEST_SECONDS):
            self._wrong_at(path, f"{duration_words(seconds)} is not a multiple of 5m from 5m to 30d")

    def _filter(self, measure: Measure | None) -> RuleFilter:
        written = self._mapping(("filter",), self._words.get("filter", {}), list(FILTER_OF.values()))
        values = {}
        able = [FILTER_OF[group] for group in ABOUT[measure].groups if group in FILTER_OF] if measure else FILTER_OF
        for name, value in written.items():
            if name not in FILTER_OF.values():
                continue
            values[name] = self._texts(("filter", name), value)
            if measure and name not in able:
                by = f"by {listed(able, 'and')}" if able else "by nothing"
                self._wrong_at(("filter", name), f"{measure} cannot be narrowed by {name}, only {by}")
        return RuleFilter(**values)

    def _groups(self, measure: Measure | None) -> tuple[GroupBy, ...]:
        written = self._words.get("group_by", [])
        found: list[GroupBy] = []
        for number, value in enumerate([written] if isinstance(written, str) else self._list(("group_by",), written)):
            path: Path = ("group_by",) if isinstance(written, str) else ("group_by", number)
            group = self._try(path, lambda value=value: self._choice(value, GroupBy))  # type: ignore[misc]
            if group is None:
                continue
            if measure and group not in ABOUT[measure].groups:
                only = listed(ABOUT[measure].groups, "and")
                self._wrong_at(path, f"{measure} cannot be grouped by {group}, only by {only}")
            elif group in found:
                self._wrong_at(path, f"{group} stands here twice")
            else:
                found.append(group)
        return tuple(found)

    def _labels(self) -> dict[str, str]:
        written = self._words.get("labels", {})
        found = {}
        for name, value in self._mapping(("labels",), written, None).items():
            if not _LABEL.fullmatch(name):
                self._wrong_at(("labels", name), "a label's name has letters, digits and _, and begins with no digit")
            elif name in RESERVED_LABELS:
                self._wrong_at(("labels", name), f"{name} is a label that tracehub gives")
            elif (text := self._try(("labels", name), lambda value=value: text_of(value))) is not None:  # type: ignore[misc]
                found[name] = text
        return found

    def _burn_rate(self, written: object) -> BurnRate | None:
        at: Path = ("burn_rate",)
        words = self._mapping(at, written, ["objective", "period", "pairs"])
        values: dict[str, object] = {}
        if "objective" not in words:
            self._wrong_at(at, "objective is missing: the share that must be good, such as 99%")
        self._read(values, "objective", objective_of, at, words)
        self._read(values, "period", read_duration, at, words)
        period = values.get("period", LONGEST_SECONDS)
        if isinstance(period, int) and not 86_400 <= period <= 90 * 86_400:
            self._wrong_at((*at, "period"), "from 1d to 90d")
        if "pairs" in words:
            values["pairs"] = self._pairs((*at, "pairs"), words["pairs"], period)
        return BurnRate(**values) if "objective" in values else None  # type: ignore[arg-type]

    def _pairs(self, at: Path, written: object, period: object) -> tuple[Pair, ...]:
        found = []
        pairs = self._list(at, written)
        if not pairs and isinstance(written, list):
            self._wrong_at(at, "at least one pair of windows is needed")
        for number, pair in enumerate(pairs):
            path = (*at, number)
            words = self._mapping(path, pair, ["long", "short", "factor"])
            values: dict[str, object] = {}
            for name, read in (("long", read_duration), ("short", read_duration), ("factor", factor_of)):
                if name not in words and isinstance(pair, Mapping):
                    self._wrong_at(path, f"{name} is missing")
                self._read(values, name, read, path, words)
            long, short = values.get("long"), values.get("short")
            self._window((*path, "long"), long)
            self._window((*path, "short"), short)
            if isinstance(long, int) and isinstance(short, int) and short >= long:
                self._wrong_at((*path, "short"), "the short window must be shorter than the long one")
            if isinstance(long, int) and isinstance(period, int) and long > period:
                self._wrong_at((*path, "long"), "longer than the period of the budget")
            if len(values) == 3:
                found.append(Pair(**values))  # type: ignore[arg-type]
        return tuple(found)

    def _baseline(self, written: object) -> Baseline | None:
        at: Path = ("baseline",)
        words = self._mapping(at, written, ["against", "margin", "days"])
        values: dict[str, object] = {}
        for name, read in (
            ("against", lambda value: self._choice(value, Against)),
            ("margin", margin_of),
            ("days", lambda value: whole_number(value, 1, 28)),
        ):
            self._read(values, name, read, at, words)
            if name not in words and name != "days":
                self._wrong_at(at, f"{name} is missing")
        return Baseline(**values) if {"against", "margin"} <= values.keys() else None  # type: ignore[arg-type]

    def _new_version(self, written: object) -> NewVersion:
        at: Path = ("new_version",)
        words = self._mapping(at, written, ["tool_mix", "error_rate", "days"])
        values: dict[str, object] = {}
        self._read(values, "tool_mix", share_or_off, at, words)
        self._read(values, "error_rate", share_or_off, at, words)
        self._read(values, "days", lambda value: whole_number(value, 1, 28), at, words)
        found = NewVersion(**values)  # type: ignore[arg-type]
        if found.tool_mix is None and found.error_rate is None:
            self._wrong_at(at, "tool_mix and error_rate are both off: nothing is left to look at")
        return found

    def _needed(self, key: str, read: Callable[[object], T], otherwise: T) -> T:
        if key not in self._words:
            if not self._wrong_root():
                self._wrong_at((), f"{key} is missing")
            return otherwise
        found = self._try((key,), lambda: read(self._words[key]))
        return otherwise if found is None else found

    def _read(
        self,
        values: dict[str, object],
        key: str,
        read: Callable[[object], object],
        at: Path = (),
        words: Mapping[str, object] | None = None,
    ) -> None:
        words = self._words if words is None else words
        if key in words:
            errors = len(self.mistakes)
            found = self._try((*at, key), lambda: read(words[key]))
            if len(self.mistakes) == errors:
                values[key] = found

    def _try(self, path: Path, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ValueError as error:
            self._wrong_at(path, str(error))
            return None

    def _mapping(self, at: Path, written: object, known: Collection[str] | None) -> dict[str, object]:
        if not isinstance(written, Mapping):
            self._wrong_at(at, f"names with values are expected here, not {shown(written)}")
            return {}
        for name in written:
            if known is not None and name not in known:
                self._wrong_at((*at, str(name)), unknown_word(str(name), known))
        return {str(name): value for name, value in written.items()}

    def _list(self, at: Path, written: object) -> list[object]:
        if not isinstance(written, list | tuple):
            self._wrong_at(at, f"a list is expected here, not {shown(written)}")
            return []
        return list(written)

    def _texts(self, at: Path, written: object) -> tuple[str, ...]:
        if isinstance(written, str | int) and not isinstance(written, bool):
            written = [written]
        values = self._list(at, written)
        if len(values) > MOST_VALUES:
            self._wrong_at(at, f"at most {MOST_VALUES} values")
        found = [self._try((*at, number), lambda value=value: text_of(value)) for number, value in enumerate(values)]  # type: ignore[misc]
        return tuple(dict.fromkeys(value for value in found if value is not None))

    def _name(self, value: object) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            msg = f"{shown(value)} is no name: 1 to 100 letters, digits, blanks and . : / @ % ( ) + , -"
            raise ValueError(msg)
        return value

    def _choice(self, value: object, of: type[E]) -> E:
        try:
            return of(value)  # type: ignore[arg-type]
        except ValueError:
            raise ValueError(unknown_word(value, list(of))) from None

    def _wrong_at(self, path: Path, text: str) -> None:
        self.mistakes.append(Mistake(path, text))

    def _wrong(self, key: str) -> bool:
        return any(mistake.path[:1] == (key,) for mistake in self.mistakes)

    def _wrong_root(self) -> bool:
        return any(not mistake.path and "names with values" in mistake.text for mistake in self.mistakes)
