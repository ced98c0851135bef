"""How many alerts there are, without reading them."""

from sqlalchemy import Connection, func, select

from tracehub.model.alert import AlertState
from tracehub.store.schema import DEFAULT_PROJECT, alerts


def firing(connection: Connection, *, project: str = DEFAULT_PROJECT) -> int:
    """How many alerts fire."""
    query = select(func.count()).where(alerts.c.project_id == project, alerts.c.state == AlertState.FIRING.value)
    return connection.scalar(query) or 0
