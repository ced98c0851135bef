"""Alerts as they stand: the newest episode of each rule for each group."""

from collections.abc import Collection, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from tracehub.model.alert import Alert, AlertState
from tracehub.store.dialect import upsert
from tracehub.store.schema import DEFAULT_PROJECT, alerts

_COLUMNS = ("rule", "state", "pending_at", "fired_at", "resolved_at", "evaluated_at")
_read = msgspec.json.Decoder(Alert).decode


def every(
    connection: Connection, states: Collection[AlertState] = (), *, project: str = DEFAULT_PROJECT
) -> tuple[Alert, ...]:
    """The alerts in these states (all, where none is named), the longest pending first."""
    query = select(alerts.c.details).where(alerts.c.project_id == project)
    if states:
        query = query.where(alerts.c.state.in_([state.value for state in states]))
    found = connection.scalars(query.order_by(alerts.c.pending_at, alerts.c.alert_id))
    return tuple(_read(details) for details in found)


def of_rule(connection: Connection, rule: str, *, project: str = DEFAULT_PROJECT) -> tuple[Alert, ...]:
    """The alerts of one rule."""
    query = select(alerts.c.details).where(alerts.c.project_id == project, alerts.c.rule == rule)
    return tuple(_read(details) for details in connection.scalars(query.order_by(alerts.c.alert_id)))


def save(connection: Connection, found: Iterable[Alert], *, project: str = DEFAULT_PROJECT) -> None:
    """Writes alerts as they stand now."""
    rows: list[dict[str, object]] = [
        {
            "project_id": project,
            "alert_id": alert.alert_id,
            **{name: getattr(alert, name) for name in _COLUMNS},
            "details": msgspec.json.encode(alert).decode(),
        }
        for alert in found
    ]
    upsert(connection, alerts, rows)


def remove(connection: Connection, alert_ids: Sequence[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets alerts."""
    connection.execute(delete(alerts).where(alerts.c.project_id == project, alerts.c.alert_id.in_(list(alert_ids))))
