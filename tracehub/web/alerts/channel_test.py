"""A test message over a channel: what came back, in words."""

from tracehub.alerting.delivery import Terms, deliver
from tracehub.errors import TracehubError
from tracehub.model.alert import Alert, AlertState, Severity
from tracehub.model.channel import Channel
from tracehub.model.measure import Measure
from tracehub.model.notification import Message, Notification, Sending

_WINDOW = 900_000_000


def send_test(channel: Channel, terms: Terms, *, test_id: str) -> tuple[str, bool]:
    """What came back, and whether it went well. The secrets of `channel` are open; `test_id` are 32 hex digits."""
    try:
        said = deliver(channel, _test(channel.name, test_id, terms.clock()), terms)
    except TracehubError as error:
        return str(error), False
    return said, True


def _test(channel: str, test_id: str, now: int) -> Notification:
    message = Message(labels={"alertname": "Test"}, firing=(_alert(channel, test_id, now),), resolved=(), again=False)
    return Notification(
        notification_id=test_id,
        channel=channel,
        group_id=test_id,
        number=1,
        state=Sending.WAITING,
        message=message,
        created_at=now,
        next_at=now,
        attempts=0,
        sent_at=None,
        error=None,
    )


def _alert(channel: str, test_id: str, now: int) -> Alert:
    return Alert(
        alert_id=test_id,
        rule="Test",
        labels={"alertname": "Test", "severity": Severity.INFO.value, "channel": channel},
        state=AlertState.FIRING,
        severity=Severity.INFO,
        measure=Measure.TOOL_ERROR_RATE.value,
        value=None,
        threshold=None,
        samples=None,
        pending_at=now,
        fired_at=now,
        resolved_at=None,
        evaluated_at=now,
        window_from=now - _WINDOW,
        window_until=now,
        summary="This is a test of tracehub: nothing is wrong, and nothing needs to be done.",
        runbook=None,
        sessions=None,
        evidence=(),
        channels=(channel,),
        repeat_seconds=0,
    )
