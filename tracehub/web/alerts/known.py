"""What rules, silences and notifications say of alerts, read at once for a page."""

from sqlalchemy import Connection

from tracehub.store import alert_rules
from tracehub.web.alerts.alert_cards import Known


def known_of(connection: Connection) -> Known:
    """What is known of every alert."""
    return Known(burning=frozenset(row.rule.name for row in alert_rules.every(connection) if row.rule.burn_rate))
