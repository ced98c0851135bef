"""What rules, silences and notifications say of alerts, read at once for a page."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from tracehub.alerting.silencing import silencing
from tracehub.model.alert import Alert, AlertState
from tracehub.model.notification import Notification, Sending
from tracehub.store import alert_notifications, alert_rules, alert_silences
from tracehub.web.alerts import places
from tracehub.web.alerts.alert_cards import Known

# Who was told longer ago is told again by now, as long as it goes on.
_MOST_READ = 200


def known_of(connection: Connection, found: Iterable[Alert], now: int) -> Known:
    """What is known of these alerts."""
    silences = alert_silences.ending_after(connection, now)
    covered = {
        alert.alert_id: silence
        for alert in found
        if alert.state is not AlertState.RESOLVED and (silence := silencing(alert.labels, silences, now))
    }
    rules = alert_rules.every(connection)
    return Known(
        told=_last_told(alert_notifications.newest(connection, states=[Sending.SENT], most=_MOST_READ)),
        silences={alert_id: f"{places.SILENCES}#s-{silence.silence_id}" for alert_id, silence in covered.items()},
        burning=frozenset(row.rule.name for row in rules if row.rule.burn_rate),
        rules=len(rules),
    )


def _last_told(sent: Sequence[Notification]) -> dict[str, int]:
    found: dict[str, int] = {}
    for notification in sent:
        if notification.sent_at is not None:
            for alert in (*notification.message.firing, *notification.message.resolved):
                found[alert.alert_id] = max(found.get(alert.alert_id, 0), notification.sent_at)
    return found
