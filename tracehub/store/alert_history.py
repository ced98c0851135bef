"""What was found of each alert at the evaluations that raised, kept or ended it."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import HistoryPoint
from tracehub.store.dialect import upsert
from tracehub.store.schema import DEFAULT_PROJECT, alert_history

MOST_POINTS = 10_000


def add(connection: Connection, found: Iterable[Alert], *, project: str = DEFAULT_PROJECT) -> None:
    """Writes down how these alerts stand at the end of the window that they were evaluated for."""
    rows: list[dict[str, object]] = [
        {
            "project_id": project,
            "alert_id": alert.alert_id,
            "at": alert.evaluated_at,
            "value": alert.value,
            "threshold": alert.threshold,
            "samples": alert.samples,
            "state": alert.state.value,
        }
        for alert in found
    ]
    upsert(connection, alert_history, rows)


def of_alert(
    connection: Connection, alert_id: str, since: int, until: int, *, project: str = DEFAULT_PROJECT
) -> tuple[HistoryPoint, ...]:
    """The points of one alert from `since` to `until` (microseconds, both included), oldest first, the newest
    MOST_POINTS."""
    table = alert_history.c
    query = select(table["at"], table.value, table.threshold, table.samples, table.state).where(
        table.project_id == project, table.alert_id == alert_id, table["at"] >= since, table["at"] <= until
    )
    newest = connection.execute(query.order_by(table["at"].desc()).limit(MOST_POINTS)).all()
    return tuple(
        HistoryPoint(at=at, value=value, threshold=threshold, samples=samples, state=state)
        for at, value, threshold, samples, state in reversed(newest)
    )


def fired_between(connection: Connection, since: int, until: int, *, project: str = DEFAULT_PROJECT) -> frozenset[str]:
    """The ids of the alerts that were firing at some time from `since` to `until`."""
    table = alert_history.c
    query = select(table.alert_id).distinct().where(table.project_id == project, table["at"] >= since)
    query = query.where(table["at"] <= until, table.state == AlertState.FIRING.value)
    return frozenset(connection.scalars(query))


def forget(connection: Connection, before: int, *, project: str = DEFAULT_PROJECT) -> int:
    """Deletes what is older; how many points."""
    these = (alert_history.c.project_id == project, alert_history.c["at"] < before)
    return connection.execute(delete(alert_history).where(*these)).rowcount
