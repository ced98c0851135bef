"""Measures that are read as they stand: how long sources have been silent, what waits to be exported."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from tracehub.alerting.measures import Group
from tracehub.alerting.readings import Gauges
from tracehub.model.measure import GroupBy, Measure
from tracehub.store import sources
from tracehub.store.schema import DEFAULT_PROJECT

_SECOND = 1_000_000
# How much waits for each destination of exports, by its name.
Backlog = Callable[[Connection], Mapping[str, int]]


def read_gauges(
    connection: Connection, at: int, backlog: Backlog | None = None, *, project: str = DEFAULT_PROJECT
) -> Gauges:
    """The gauges at a moment (microseconds). Without `backlog` nothing is known of exports."""
    found: dict[str, Mapping[Group, float]] = {Measure.SOURCE_SILENCE: _silences(connection, at, project)}
    if backlog:
        waiting = backlog(connection)
        found[Measure.EXPORT_BACKLOG] = {
            ((GroupBy.DESTINATION.value, name),): float(number) for name, number in waiting.items()
        }
    return Gauges(found)


def _silences(connection: Connection, at: int, project: str) -> dict[Group, float]:
    """Seconds since something of each source was stored, or since it was declared; not of those that are paused."""
    return {
        ((GroupBy.SOURCE.value, row.name),): max(at - (row.stored_at or row.created_at), 0) / _SECOND
        for row in sources.every(connection, project=project)
        if not row.paused
    }
