"""What the pages of alerts ask of them."""

import msgspec
from sqlalchemy import Connection, func, select

from tracehub.errors import NotFoundError
from tracehub.model.alert import Alert, AlertState
from tracehub.store.schema import DEFAULT_PROJECT, alerts

_read = msgspec.json.Decoder(Alert).decode


def firing(connection: Connection, *, project: str = DEFAULT_PROJECT) -> int:
    """How many alerts fire."""
    these = (alerts.c.project_id == project, alerts.c.state == AlertState.FIRING.value)
    return connection.scalar(select(func.count()).where(*these)) or 0


def one(connection: Connection, alert_id: str, *, project: str = DEFAULT_PROJECT) -> Alert:
    """The alert of this id; NotFoundError where there is none."""
    query = select(alerts.c.details).where(alerts.c.project_id == project, alerts.c.alert_id == alert_id)
    details = connection.scalar(query)
    if details is None:
        msg = f"there is no alert {alert_id[:40]!r}: it was resolved long ago, or the link is wrong"
        raise NotFoundError(msg)
    return _read(details)
