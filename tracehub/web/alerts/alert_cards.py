"""One alert as the lists and its own page show it."""

from collections.abc import Collection, Mapping

import msgspec

from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule_amounts import duration_words
from tracehub.web.alerts import places
from tracehub.web.alerts.values import Scale, in_unit, samples_of, title_of, unit_of
from tracehub.web.alerts.words import SEVERITIES, SILENCED, STATES, Word
from tracehub.web.pages import addresses
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.moments import Moment, ago, to_the_second
from tracehub.web.pages.visible import one_line, visible

# They are the card's own words already.
_SAID = {"alertname", "severity"}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What other tables know of alerts: when each was last told, the address of the silence that covers it now, the
    names of the rules that measure how fast a budget burns, and how many rules there are."""

    told: Mapping[str, int] = {}
    silences: Mapping[str, str] = {}
    burning: Collection[str] = frozenset()
    rules: int = 0


class AlertCard(msgspec.Struct, frozen=True, kw_only=True):
    """One alert. `since` is when it came to its state, `lasted` how long it fired; `sessions` leads to those behind it,
    None where there are none to lead to; `silence` leads to the one that covers it."""

    id: str
    href: str
    name: str
    rule: str
    severity: Word
    state: Word
    measure: str
    value: str
    threshold: str
    samples: str
    since: Moment | None
    fired: Moment | None
    ended: Moment | None
    lasted: str
    window: str
    window_until: Moment | None
    labels: tuple[tuple[str, str], ...]
    summary: str
    sessions: str | None
    runbook: places.Outside | None
    told: Moment | None
    silence: str | None
    mute: str


def card_of(alert: Alert, now: int, known: Known) -> AlertCard:
    """The alert as it stands; `known` is what other tables say."""
    scale = scale_of(alert, known)
    silence = known.silences.get(alert.alert_id)
    ended = alert.resolved_at if alert.state is AlertState.RESOLVED else now
    return AlertCard(
        id=alert.alert_id,
        href=places.alert(alert.alert_id),
        name=one_line(alert.labels.get("alertname", alert.rule), 120),
        rule=addresses.alert_rule(alert.rule),
        severity=SEVERITIES[alert.severity],
        state=SILENCED if silence else STATES[alert.state],
        measure=title_of(alert.measure),
        value=in_unit(alert.value, scale),
        threshold=in_unit(alert.threshold, scale),
        samples=samples_of(alert.measure, alert.samples),
        since=ago(_since(alert), now),
        fired=ago(alert.fired_at, now),
        ended=ago(alert.resolved_at, now),
        lasted=duration(between(alert.fired_at, ended)),
        window=window_of(alert),
        window_until=to_the_second(alert.window_until),
        labels=labels_of(alert.labels),
        summary=visible(alert.summary),
        sessions=f"/sessions?{alert.sessions}" if alert.sessions else None,
        runbook=places.outside(alert.runbook),
        told=ago(known.told.get(alert.alert_id), now),
        silence=silence,
        mute=f"{places.alert(alert.alert_id)}/mute",
    )


def scale_of(alert: Alert, known: Known) -> Scale:
    """What the alert's values are."""
    return "times" if alert.rule in known.burning else unit_of(alert.measure)


def window_of(alert: Alert) -> str:
    """`15m`; empty for what is measured as it stands now."""
    seconds = (alert.window_until - alert.window_from) // 1_000_000
    return duration_words(seconds) if seconds > 0 else ""


def labels_of(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Names and values as they are shown, but for what the card says by itself."""
    return tuple(
        (one_line(name, 60), one_line(value, 120)) for name, value in sorted(labels.items()) if name not in _SAID
    )


def _since(alert: Alert) -> int | None:
    match alert.state:
        case AlertState.PENDING:
            return alert.pending_at
        case AlertState.FIRING:
            return alert.fired_at
        case AlertState.RESOLVED:
            return alert.resolved_at
