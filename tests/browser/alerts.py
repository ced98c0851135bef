"""A server with alerts in every state, for pictures and tests of their pages."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection

from tests.browser.alert_ids import HOSTILE
from tests.browser.served import serving, tracehub
from tests.stores import migrated
from tests.web.alerts.made import MINUTE, SECOND, an_alert
from tracehub.alerting.evaluate import alert_id_of
from tracehub.demo.generate import generate, write
from tracehub.model.alert import Alert, AlertState, Severity
from tracehub.model.channel import SEALED, AppriseChannel, Channel, WebhookChannel
from tracehub.model.notification import Message, Notification, Sending
from tracehub.model.rule_words import read_rule
from tracehub.model.silence import Matcher, Operator, Silence, Weekly
from tracehub.store import alert_channels, alert_history, alert_notifications, alert_rules, alert_silences, alerts

# Nothing is judged, so that everything stays as it is here.
SETTINGS = {
    "TRACEHUB_ALERTS": "false",
    "TRACEHUB_SECRET_KEY": "k" * 40,
    "TRACEHUB_ALLOWED_NETWORKS": "127.0.0.0/8",
}
WAIT = 30 * 86_400
_RULES = (
    {
        "name": "Tools fail",
        "measure": "tool_error_rate",
        "above": "5%",
        "resolve": "3%",
        "min_samples": 2,
        "group_by": ["agent", "tool"],
        "severity": "critical",
        "runbook": "https://wiki.example.com/runbooks/refunds",
    },
    {"name": "Slow tools", "measure": "tool_latency", "percentile": 95, "above": "2.5s", "group_by": ["tool"]},
    {"name": "Costs too much", "measure": "cost_per_hour", "above": 25, "severity": "info", "group_by": ["agent"]},
    {"name": "No data", "measure": "source_silence", "above": "30m", "group_by": ["source"]},
    {
        "name": "Tools keep their promise",
        "measure": "tool_error_rate",
        "burn_rate": {"objective": "99%"},
        "severity": "critical",
    },
)

_BY_NAME = {rule.name: rule for rule in map(read_rule, _RULES)}
# Nobody is told anything while the tests look: a new group waits for longer than they take.
_CHANNELS: tuple[Channel, ...] = (
    WebhookChannel(name="on call", url=SEALED, secret=SEALED, headers={"Authorization": SEALED}, group_wait=WAIT),
    AppriseChannel(name="chat", url="env:CHAT_URL", group_wait=WAIT),
)


@contextmanager
def serving_alerts(folder: Path) -> Iterator[str]:
    """Serves alerts of every state, one of them hostile, and calls of the last week that none of them judges now."""
    now = time.time_ns() // 1000
    with migrated(f"sqlite:///{folder / 'tracehub.db'}") as database, database.writing() as connection:
        fill(connection, now)
    data = folder / "calls.jsonl"
    data.write_bytes(traffic(now))
    tracehub(folder, "import", str(data))
    with serving(folder, port=None, **SETTINGS) as address:
        _settle(address)
        yield address


def traffic(now: int) -> bytes:
    """Calls of the days before yesterday."""
    out = BytesIO()
    until = datetime.fromtimestamp(now // SECOND, UTC) - timedelta(days=2)
    write(generate(seed=7, sessions=200, until=until, days=4), out)
    return out.getvalue()


def _settle(address: str) -> None:
    """Waits until the calls are added up, so that there is something to preview."""
    for _ in range(240):
        with urllib.request.urlopen(f"{address}/alerts/rules/Tools%20fail?preview=1", timeout=30) as answer:
            if b"Would have fired" in answer.read():
                return
        time.sleep(0.25)
    raise AssertionError("the calls were not added up")


def fill(connection: Connection, now: int) -> None:
    """Alerts as they may stand at a moment, and what was found of them before."""
    for rule in _BY_NAME.values():
        alert_rules.declare(connection, rule, declared_in="ui", now=now)
    for channel, place in zip(_CHANNELS, ("ui", "file"), strict=True):
        alert_channels.declare(connection, channel, declared_in=place, now=now)
    alert_channels.tried(connection, "chat", f"404 no_team {HOSTILE}", now=now - 7 * MINUTE)
    alerts.save(connection, _alerts(now))
    for silence in _silences(now):
        alert_silences.save(connection, silence)
    alert_notifications.add(connection, _notifications(now))
    alert_history.add(connection, [each for alert in _alerts(now) for each in _past(alert, now)])


def _silences(now: int) -> list[Silence]:
    return [
        Silence(
            silence_id="a" * 32,
            matchers=(Matcher(label="alertname", value="Slow tools"), Matcher(label="tool", value="get_order")),
            begins_at=now - 30 * MINUTE,
            ends_at=now + 200 * MINUTE,
            author="ana",
            comment="the order service is being moved",
            created_at=now - 30 * MINUTE,
        ),
        Silence(
            silence_id="b" * 32,
            matchers=(Matcher(label="severity", operator=Operator.LIKE, value="warning|info"),),
            begins_at=now - 5000 * MINUTE,
            ends_at=None,
            author=HOSTILE,
            comment=HOSTILE,
            created_at=now - 5000 * MINUTE,
            weekly=Weekly(weekdays=(5, 6), begins=22 * 60, ends=6 * 60, zone="Europe/Berlin"),
        ),
        Silence(
            silence_id="c" * 32,
            matchers=(Matcher(label="tool", value="refund_order"),),
            begins_at=now - 900 * MINUTE,
            ends_at=now - 600 * MINUTE,
            author="somebody at 127.0.0.1",
            comment="muted on the page of alerts",
            created_at=now - 900 * MINUTE,
        ),
    ]


def _notifications(now: int) -> list[Notification]:
    firing, slow, hostile, _, over, _ = _alerts(now)
    states = {
        1: (Sending.SENT, (firing,), (), None),
        2: (Sending.WAITING, (slow,), (), None),
        3: (Sending.RETRYING, (hostile,), (), f"503 Service Unavailable {HOSTILE}"),
        4: (Sending.GIVEN_UP, (firing, slow), (over,), "given up: 404 no_team\nThe webhook's address is gone."),
    }
    return [
        Notification(
            notification_id=f"{number:032x}",
            channel="on call" if number < 3 else "chat",
            group_id="f" * 32,
            number=number,
            state=state,
            message=Message(labels={"alertname": "Tools fail"}, firing=told, resolved=ended, again=number == 2),
            created_at=now - number * 7 * MINUTE,
            next_at=now + 600 * MINUTE,
            attempts=number - 1 if number > 1 else 1,
            sent_at=now - 7 * MINUTE if state is Sending.SENT else None,
            error=error,
        )
        for number, (state, told, ended, error) in states.items()
    ]


def _alerts(now: int) -> list[Alert]:
    def made(number: int, fired_ago: int, **changes: object) -> Alert:
        fired_at = now - fired_ago * MINUTE
        times = {
            "pending_at": fired_at - 5 * MINUTE,
            "fired_at": fired_at,
            "evaluated_at": now - 40 * SECOND,
            "window_from": now - 16 * MINUTE,
            "window_until": now - MINUTE,
        }
        made = an_alert(number, **(times | changes))
        group = tuple((by.value, made.labels[by.value]) for by in _BY_NAME[made.rule].group_by)
        return made if made.state is AlertState.RESOLVED else replace(made, alert_id=alert_id_of(made.rule, group))

    latency = {"measure": "tool_latency", "value": 6.41, "threshold": 2.5, "summary": "p95 of get_order is 6.41 s"}
    return [
        made(1, 12),
        made(
            2,
            95,
            rule="Slow tools",
            severity=Severity.WARNING,
            labels={"alertname": "Slow tools", "severity": "warning", "tool": "get_order", "team": "orders"},
            **latency,
        ),
        made(
            3,
            2,
            rule="Costs too much",
            severity=Severity.INFO,
            labels={"alertname": "Costs too much", "severity": "info", "agent": HOSTILE},
            measure="cost_per_hour",
            value=41.2,
            threshold=25.0,
            samples=1820,
            summary=f"$41.20 an hour {HOSTILE}",
            runbook="javascript:alert(1)",
            evidence=(HOSTILE,),
        ),
        made(
            4,
            0,
            rule="No data",
            state=AlertState.PENDING,
            severity=Severity.WARNING,
            fired_at=None,
            labels={"alertname": "No data", "severity": "warning", "source": "order agents"},
            measure="source_silence",
            value=None,
            threshold=1800.0,
            samples=None,
            summary="",
            sessions=None,
            runbook=None,
        ),
        made(5, 180, state=AlertState.RESOLVED, resolved_at=now - 60 * MINUTE),
        made(
            6,
            1500,
            rule="Slow tools",
            state=AlertState.RESOLVED,
            resolved_at=now - 1440 * MINUTE,
            severity=Severity.WARNING,
            labels={"alertname": "Slow tools", "severity": "warning", "tool": "refund_order"},
            **latency,
        ),
    ]


def _past(alert: Alert, now: int) -> Iterator[Alert]:
    """What was found every five minutes of the last days: two episodes that ended, and what stands now."""
    for began, lasted in ((4000, 120), (1300, 45)):
        for minute in range(0, lasted, 5):
            state = AlertState.PENDING if minute < 5 else AlertState.FIRING
            value = None if minute == 30 else (alert.value or 1000) * (0.6 + minute % 25 / 40)
            yield replace(alert, evaluated_at=now - (began - minute) * MINUTE, state=state, value=value)
        yield replace(alert, evaluated_at=now - (began - lasted) * MINUTE, state=AlertState.RESOLVED, value=0.0)
    if alert.fired_at:
        for minute in range(0, (now - alert.fired_at) // MINUTE, 5):
            yield replace(alert, evaluated_at=alert.fired_at + minute * MINUTE)
