"""The life of an alert as a pure function: what it was, what was read, what it is then.

Nothing but the previous alert is remembered, and time is the end of the window that was read, so that evaluating after
a restart, or later than meant, gives the same.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from tracehub.alerting.links import sessions_query
from tracehub.alerting.measures import Group
from tracehub.alerting.readings import DAY_US, Reading, Verdict
from tracehub.alerting.summaries import summary_of
from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import NoData, Rule

_SECOND = 1_000_000
# An alert that is kept because nothing is known ends after this long without a reading.
FORGOTTEN_US = DAY_US


@lru_cache(maxsize=8192)
def alert_id_of(rule: str, group: Group) -> str:
    """32 hex digits that name a rule's alert for a group."""
    return blake2b(msgspec.json.encode((rule, group)), digest_size=16).hexdigest()


def step(rule: Rule, group: Group, previous: Alert | None, reading: Reading | None, at: int) -> Alert | None:
    """The alert after a reading of the windows that end `at`; None where there is none.

    A reading of None is that of a group which has vanished. What was evaluated until `at` already stays as it is.
    """
    if previous is not None and at <= previous.evaluated_at:
        return previous
    state = previous.state if previous else None
    match concluded(rule, state, reading):
        case Verdict.BREACH:
            return _breached(rule, group, previous, reading, at)
        case Verdict.BETWEEN if previous and state is AlertState.FIRING:
            return _seen(previous, rule, group, reading, at)
        case Verdict.CLEAR | Verdict.BETWEEN:
            return _over(rule, group, previous, reading, at)
        case _:
            return _unknown(previous, at)


def concluded(rule: Rule, state: AlertState | None, reading: Reading | None) -> Verdict:
    """What a reading says by the rule's policy for no data. Samples that are too few never fire by it."""
    verdict = reading.verdict if reading else Verdict.NONE
    if reading is None and (rule.new_version or rule.about.gauge or rule.no_data is NoData.FIRE):
        # The version is not new any more, the source is gone, or nobody was heard of for a day.
        return Verdict.CLEAR
    if verdict not in (Verdict.NONE, Verdict.FEW):
        return verdict
    if rule.no_data is NoData.RESOLVE:
        return Verdict.CLEAR
    if rule.no_data is NoData.FIRE and verdict is Verdict.NONE:
        return Verdict.BREACH
    return verdict


def ended(previous: Alert, at: int, why: str) -> Alert | None:
    """The alert of a rule that is gone, stopped or about something else now; None where nobody was told of it."""
    if previous.state is AlertState.PENDING:
        return None
    if previous.state is AlertState.RESOLVED:
        return previous
    return replace(previous, state=AlertState.RESOLVED, resolved_at=at, evaluated_at=at, summary=why)


def labels_of(rule: Rule, group: Group) -> dict[str, str]:
    """The labels of a rule's alert for a group."""
    return {**rule.labels, **dict(group), "alertname": rule.name, "severity": rule.severity.value}


def group_of(rule: Rule, alert: Alert) -> Group | None:
    """The group that an alert of this rule stands for; None where the rule groups otherwise now."""
    names = ("agent", "alias", "version", "departs") if rule.new_version else _group_names(rule)
    if any(name not in alert.labels for name in names):
        return None
    group = tuple((name, alert.labels[name]) for name in names)
    return group if alert_id_of(rule.name, group) == alert.alert_id else None


def _group_names(rule: Rule) -> tuple[str, ...]:
    names = tuple(group.value for group in rule.group_by)
    if rule.baseline and rule.baseline.against.value == "previous_version":
        first = ("agent", "alias", "version")
        return (*first, *(name for name in names if name not in first))
    return names


def _breached(rule: Rule, group: Group, previous: Alert | None, reading: Reading | None, at: int) -> Alert:
    if previous is None or previous.state is AlertState.RESOLVED:
        begun = _begun(rule, group, reading, at)
    else:
        begun = _seen(previous, rule, group, reading, at)
    if begun.state is AlertState.PENDING and at - begun.pending_at >= rule.for_ * _SECOND:
        return replace(begun, state=AlertState.FIRING, fired_at=at)
    return begun


def _over(rule: Rule, group: Group, previous: Alert | None, reading: Reading | None, at: int) -> Alert | None:
    if previous is None or previous.state is AlertState.PENDING:
        return None
    if previous.state is AlertState.RESOLVED:
        return previous
    seen = _seen(previous, rule, group, reading, at)
    return replace(
        seen,
        state=AlertState.RESOLVED,
        resolved_at=at,
        sessions=previous.sessions,
        summary=summary_of(rule, group, reading, over=True),
    )


def _unknown(previous: Alert | None, at: int) -> Alert | None:
    """Nothing is concluded: it stays as it was, for a day."""
    if previous is None or previous.state is AlertState.RESOLVED:
        return previous
    if at - previous.window_until >= FORGOTTEN_US:
        return ended(previous, at, "nothing is known of it any more")
    return replace(previous, evaluated_at=at)


def _begun(rule: Rule, group: Group, reading: Reading | None, at: int) -> Alert:
    empty = Alert(
        alert_id=alert_id_of(rule.name, group),
        rule=rule.name,
        labels={},
        state=AlertState.PENDING,
        severity=rule.severity,
        measure=rule.measure.value,
        value=None,
        threshold=None,
        samples=None,
        pending_at=at,
        fired_at=None,
        resolved_at=None,
        evaluated_at=at,
        window_from=at - rule.window * _SECOND,
        window_until=at,
        summary="",
        runbook=None,
        sessions=None,
        evidence=(),
        channels=(),
        repeat_seconds=rule.repeat,
    )
    return _seen(empty, rule, group, reading, at)


def _seen(alert: Alert, rule: Rule, group: Group, reading: Reading | None, at: int) -> Alert:
    """The alert with what the rule says and the reading has found now."""
    since = reading.since if reading else at - rule.window * _SECOND
    return replace(
        alert,
        labels=labels_of(rule, group),
        severity=rule.severity,
        measure=rule.measure.value,
        value=reading.value if reading else None,
        threshold=reading.threshold if reading else None,
        samples=reading.samples if reading else 0,
        evaluated_at=at,
        window_from=since,
        window_until=at,
        summary=summary_of(rule, group, reading),
        runbook=rule.runbook,
        sessions=sessions_query(rule, dict(group), since, at),
        channels=rule.channels,
        repeat_seconds=rule.repeat,
    )


def step_all(
    rule: Rule, previous: Mapping[str, Alert], found: Mapping[Group, Reading], at: int
) -> dict[str, Alert | None]:
    """The alerts of a rule after one evaluation, by id; None where there was one that is gone.

    `previous` are those before it. Groups that the rule has no more end; groups of which nothing was read have
    vanished.
    """
    after: dict[str, Alert | None] = {}
    groups: dict[Group, Reading | None] = dict(found)
    for alert_id, alert in previous.items():
        group = group_of(rule, alert)
        if group is None:
            after[alert_id] = ended(alert, at, "the rule was changed")
        else:
            groups.setdefault(group, None)
    for group, reading in groups.items():
        alert_id = alert_id_of(rule.name, group)
        now = step(rule, group, previous.get(alert_id), reading, at)
        if now is not None or alert_id in previous:
            after[alert_id] = now
    return after
