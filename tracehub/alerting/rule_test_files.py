"""Reads tests of rules from files.

```yaml
rules_files: [rules.yaml]          # beside this file; or the rules themselves under `rules:`
tests:
  - name: a broken refund is told
    starts: 2026-11-20T08:00:00Z   # may be left out
    calls:
      - {tool: Orders__refund, agent: AGENT1, from: 0m, until: 1h, every: 30s, latency: 200ms}
      - {tool: Orders__refund, agent: AGENT1, from: 1h, until: 2h, every: 30s, error: inferred, share: 60%}
    expect:
      - {at: 55m, firing: []}
      - at: 1h30m
        firing:
          - {rule: A tool fails, labels: {tool: Orders__refund}}
```
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from tracehub.alerting.rule_files import read_all, rules_in
from tracehub.alerting.rule_tests import Calls, Expectation, Firing, RuleTest, RuleTests
from tracehub.alerting.windows import STEP_US
from tracehub.alerting.yaml_lines import Document, FileError, Line, read_document
from tracehub.model.measure import Unit
from tracehub.model.rule_amounts import duration_words, read_amount, read_duration, read_share
from tracehub.model.rule_values import shown, text_of, unknown_word
from tracehub.model.rule_words import Path as Place
from tracehub.model.tally import TURN

_SECOND = 1_000_000
MOST_CALLS = 1_000_000
LONGEST_SECONDS = 40 * 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Where a test does not say when it starts: a Friday, 00:00 UTC.
_STARTS = 1_795_132_800 * _SECOND
T = TypeVar("T")
_CALL = (
    "tool",
    "knowledge_base",
    "model",
    "agent",
    "alias",
    "version",
    "from",
    "until",
    "every",
    "error",
    "share",
    "latency",
    "outcome",
    "tokens",
    "cost",
    "hits",
    "first_token",
)


def read_tests(file: Path) -> RuleTests:
    """The tests of a file; FileError names line and field of every mistake."""
    document = read_document(file)
    reading = _Reading(document)
    value = reading.mapping((), document.value, ("rules", "rules_files", "tests"))
    tests = reading.tests(value.get("tests"))
    if reading.mistakes:
        raise FileError(document.file, reading.mistakes)
    named = [file.parent / str(name) for name in reading.listed(("rules_files",), value.get("rules_files", []))]
    own = rules_in(msgspec.structs.replace(document, value={"rules": value["rules"]})) if "rules" in value else ()
    rules = (*own, *read_all(named))
    if not rules:
        raise FileError(document.file, [Line(1, "there are no rules: name files under rules_files, or write rules")])
    return RuleTests(document.file, rules, tests)


class _Reading:
    """Reads tests, with every mistake in them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.mistakes = list(document.mistakes)

    def tests(self, written: object) -> tuple[RuleTest, ...]:
        """The tests, as far as they can be read."""
        found = []
        for number, test in enumerate(self.listed(("tests",), written)):
            at: Place = ("tests", number)
            words = self.mapping(at, test, ("name", "starts", "calls", "expect"))
            calls = [
                self._calls((*at, "calls", index), each) for index, each in enumerate(self._under(words, at, "calls"))
            ]
            expect = [
                self._expectation((*at, "expect", index), each)
                for index, each in enumerate(self._under(words, at, "expect"))
            ]
            name = self._read((*at, "name"), words, text_of, f"test {number + 1}")
            starts = self._read((*at, "starts"), words, _moment, _STARTS)
            found.append(RuleTest(name=name, starts=starts, calls=tuple(calls), expect=tuple(expect)))
        return tuple(found)

    def _calls(self, at: Place, written: object) -> Calls:
        words = self.mapping(at, written, _CALL)
        named = [name for name in ("tool", "knowledge_base", "model") if name in words]
        if len(named) > 1:
            self.wrong((*at, named[1]), f"calls are of one kind, not of {' and '.join(named)}")
        kind = {"tool": "tool", "knowledge_base": "retrieval", "model": "model"}[named[0]] if named else TURN
        if "until" not in words:
            self.wrong(at, "until is missing")
        calls = Calls(
            kind=kind,
            name=self._read((*at, named[0]), words, text_of, "") if named else "",
            agent=self._read((*at, "agent"), words, text_of, "AGENT"),
            alias=self._read((*at, "alias"), words, text_of, "ALIAS"),
            version=self._read((*at, "version"), words, text_of, "1"),
            since=self._read((*at, "from"), words, _long, 0),
            until=self._read((*at, "until"), words, _long, 0),
            every=self._read((*at, "every"), words, _every, 60),
            error=self._read((*at, "error"), words, lambda value: _one_of(value, ("reported", "inferred")), None),
            share=self._read((*at, "share"), words, read_share, 1.0),
            latency=self._read((*at, "latency"), words, lambda value: read_amount(value, Unit.SECONDS), None),
            outcome=self._read((*at, "outcome"), words, lambda value: _one_of(value, _OUTCOMES), "ok"),
            tokens=self._read((*at, "tokens"), words, _count, None),
            cost=self._read((*at, "cost"), words, lambda value: read_amount(value, Unit.USD), None),
            hits=self._read((*at, "hits"), words, _count, None),
            first_token=self._read((*at, "first_token"), words, lambda value: read_amount(value, Unit.SECONDS), None),
        )
        if (calls.until - calls.since) // calls.every > MOST_CALLS:
            self.wrong((*at, "every"), f"more than {MOST_CALLS:,} calls")
        return calls

    def _expectation(self, at: Place, written: object) -> Expectation:
        words = self.mapping(at, written, ("at", "firing"))
        if "at" not in words:
            self.wrong(at, "at is missing")
        moment = self._read((*at, "at"), words, _long, 0)
        if moment * _SECOND % STEP_US:
            self.wrong((*at, "at"), "rules are evaluated every five minutes: give a multiple of 5m")
        firing = []
        for index, each in enumerate(self._under(words, at, "firing")):
            place = (*at, "firing", index)
            named = self.mapping(place, each, ("rule", "labels"))
            labels = self.mapping((*place, "labels"), named.get("labels", {}), None)
            rule = self._read((*place, "rule"), named, text_of, "")
            firing.append(Firing(rule, tuple(sorted((name, str(value)) for name, value in labels.items()))))
        return Expectation(at=moment, firing=tuple(firing), line=self._document.line_of(at))

    def _under(self, words: Mapping[str, object], at: Place, name: str) -> list[object]:
        return self.listed((*at, name), words.get(name, []))

    def _read(self, at: Place, words: Mapping[str, object], read: Callable[[object], T], otherwise: T) -> T:
        if at[-1] not in words:
            return otherwise
        try:
            return read(words[str(at[-1])])
        except ValueError as error:
            self.wrong(at, str(error))
            return otherwise

    def mapping(self, at: Place, written: object, known: tuple[str, ...] | None) -> dict[str, object]:
        """Names and values; of `known` names, where they are given."""
        if not isinstance(written, dict):
            self.wrong(at, f"names with values are expected here, not {shown(written)}")
            return {}
        for name in written:
            if known is not None and name not in known:
                self.wrong((*at, name), unknown_word(name, known))
        return written

    def listed(self, at: Place, written: object) -> list[object]:
        """A list."""
        if not isinstance(written, list):
            self.wrong(at, f"a list is expected here, not {shown(written)}")
            return []
        return written

    def wrong(self, at: Place, text: str) -> None:
        """Notes a mistake."""
        words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")
        self.mistakes.append(Line(self._document.line_of(at), f"{words}: {text}" if words else text))


_OUTCOMES = ("ok", "failed", "blocked", "returned_control", "incomplete")


def _one_of(value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(unknown_word(value, known))
    return str(value)


def _long(value: object) -> int:
    seconds = read_duration(value)
    if seconds > LONGEST_SECONDS:
        msg = f"{shown(value)} is longer than {duration_words(LONGEST_SECONDS)}"
        raise ValueError(msg)
    return seconds


def _every(value: object) -> int:
    seconds = _long(value)
    if seconds < 1:
        raise ValueError("at least 1s")
    return seconds


def _count(value: object) -> int:
    return int(read_amount(value, Unit.COUNT))


def _moment(value: object) -> int:
    """Microseconds since 1970; on a bound of five minutes, as windows are."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        msg = f"{shown(value)} is no time such as 2026-11-20T08:00:00Z"
        raise ValueError(msg) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = (moment - _EPOCH) // timedelta(microseconds=1)
    if found % STEP_US or found < 0:
        raise ValueError("a test starts on a multiple of five minutes")
    return found
