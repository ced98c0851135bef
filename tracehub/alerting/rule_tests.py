"""Tests of rules over sample data: which alerts fire when, of calls that are described."""

import msgspec

from tracehub.alerting.evaluate import step_all
from tracehub.alerting.readings import Gauges, readings
from tracehub.alerting.windows import STEP_US, Slot, SlotWindows
from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import Rule
from tracehub.model.rule_amounts import duration_words
from tracehub.model.tally import FIRST_TEXT, OUTCOME, TURN, Tally, add
from tracehub.store.latency import bucket_of
from tracehub.store.rollup_sums import Caller

_SECOND = 1_000_000


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one kind, one `every` so many seconds: of them the `share` fails with `error`."""

    kind: str
    name: str
    agent: str
    alias: str
    version: str
    since: int
    until: int
    every: int
    error: str | None
    share: float
    latency: float | None
    outcome: str
    tokens: int | None
    cost: float | None
    hits: int | None
    first_token: float | None


class Firing(msgspec.Struct, frozen=True, order=True):
    """An alert that fires: its rule, and its labels without alertname and severity."""

    rule: str
    labels: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """As a difference shows it."""
        return f"{self.rule} {{{', '.join(f'{name}: {value}' for name, value in self.labels)}}}"


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What fires `at` so many seconds after the test's start; `line` is where it is written."""

    at: int
    firing: tuple[Firing, ...]
    line: int


class RuleTest(msgspec.Struct, frozen=True, kw_only=True):
    """Calls, and what rules make of them."""

    name: str
    starts: int
    calls: tuple[Calls, ...]
    expect: tuple[Expectation, ...]


class RuleTests(msgspec.Struct, frozen=True):
    """The rules and tests of a file."""

    file: str
    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a test found something else than it expects: `missing` does not fire, `unexpected` does."""

    test: str
    line: int
    at: int
    missing: tuple[Firing, ...]
    unexpected: tuple[Firing, ...]

    @property
    def text(self) -> str:
        """What is expected with a minus, what is found instead with a plus."""
        head = f"line {self.line}: {self.test}, at {duration_words(self.at)}:"
        gone = [f"  - {each.text}" for each in self.missing]
        return "\n".join([head, *gone, *(f"  + {each.text}" for each in self.unexpected)])


def run_tests(tests: RuleTests) -> tuple[Difference, ...]:
    """Runs them; where nothing differs from what is expected there is nothing."""
    return tuple(difference for test in tests.tests for difference in _differences(tests.rules, test))


def _differences(rules: tuple[Rule, ...], test: RuleTest) -> list[Difference]:
    windows = SlotWindows(_slots(test))
    last = max((each.at for each in test.expect), default=0)
    states: dict[str, dict[str, Alert]] = {rule.name: {} for rule in rules}
    expected = {test.starts + each.at * _SECOND: each for each in test.expect}
    found = []
    for at in range(test.starts, test.starts + last * _SECOND + 1, STEP_US):
        for rule in rules:
            after = step_all(rule, states[rule.name], readings(rule, windows, at, Gauges()), at)
            for alert_id, alert in after.items():
                if alert is None:
                    states[rule.name].pop(alert_id, None)
                else:
                    states[rule.name][alert_id] = alert
        if at in expected:
            firing = {_firing(alert) for of_rule in states.values() for alert in of_rule.values() if _fires(alert)}
            wanted = set(expected[at].firing)
            if firing != wanted:
                found.append(
                    Difference(
                        test=test.name,
                        line=expected[at].line,
                        at=expected[at].at,
                        missing=tuple(sorted(wanted - firing)),
                        unexpected=tuple(sorted(firing - wanted)),
                    )
                )
    return found


def _fires(alert: Alert) -> bool:
    return alert.state is AlertState.FIRING


def _firing(alert: Alert) -> Firing:
    labels = {name: value for name, value in alert.labels.items() if name not in ("alertname", "severity")}
    return Firing(alert.rule, tuple(sorted(labels.items())))


def _slots(test: RuleTest) -> list[Slot]:
    """The rollups that these calls would be."""
    cells: dict[tuple[int, Caller], Tally] = {}

    def count(at: int, caller: Caller, tally: Tally) -> None:
        add(cells.setdefault((at // STEP_US * STEP_US, caller), Tally(durations={})), tally)

    for calls in test.calls:
        who = (calls.agent, calls.alias, calls.version)
        owed = 0.0
        for second in range(calls.since, calls.until, calls.every):
            at = test.starts + second * _SECOND
            owed += calls.share
            fails = calls.error is not None and owed >= 1 - 1e-9
            owed -= fails
            count(at, Caller(calls.kind, calls.name, *who), _call(calls, fails))
            outcome = "failed" if calls.kind == TURN and fails else calls.outcome
            if calls.kind != TURN:
                count(at, Caller(TURN, "", *who), _timed(calls.latency, failed=int(outcome == "failed")))
            count(at, Caller(OUTCOME, outcome, *who), Tally(calls=1, durations={}))
            if calls.first_token is not None:
                count(at, Caller(FIRST_TEXT, "", *who), _timed(calls.first_token))
    return [(at, caller, tally) for (at, caller), tally in cells.items()]


def _call(calls: Calls, fails: bool) -> Tally:
    failed = fails or (calls.kind == TURN and calls.outcome == "failed")
    tally = _timed(calls.latency, failed=int(failed))
    tally.turns = 1
    if fails and calls.kind != TURN:
        tally.errors_reported = int(calls.error == "reported")
        tally.errors_inferred = int(calls.error == "inferred")
    if calls.tokens is not None:
        tally.output_tokens, tally.calls_with_tokens = calls.tokens, 1
    if calls.cost is not None:
        tally.cost_nano_usd, tally.priced_calls = round(calls.cost * 1e9), 1
    if calls.hits is not None:
        tally.calls_with_results, tally.empty_calls = 1, int(calls.hits == 0)
    return tally


def _timed(seconds: float | None, failed: int = 0) -> Tally:
    bucket = bucket_of(None if seconds is None else round(seconds * _SECOND))
    return Tally(calls=1, failed=failed, durations={} if bucket is None else {bucket: 1})
