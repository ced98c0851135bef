"""Measures that are read as they stand: how long sources have been silent, what waits to be exported."""

from sqlalchemy import Connection

from tracehub.alerting.measures import Group
from tracehub.alerting.readings import Gauges
from tracehub.model.measure import GroupBy, Measure
from tracehub.store import destinations, sources
from tracehub.store.schema import DEFAULT_PROJECT

_SECOND = 1_000_000


def read_gauges(connection: Connection, at: int, *, project: str = DEFAULT_PROJECT) -> Gauges:
    """The gauges at a moment (microseconds)."""
    silences, backlogs = _silences(connection, at, project), _backlogs(connection, at, project)
    return Gauges({Measure.SOURCE_SILENCE: silences, Measure.EXPORT_BACKLOG: backlogs})


def _silences(connection: Connection, at: int, project: str) -> dict[Group, float]:
    """Seconds since something of each source was stored, or since it was declared; not of those that are paused."""
    return {
        ((GroupBy.SOURCE.value, row.name),): max(at - (row.stored_at or row.created_at), 0) / _SECOND
        for row in sources.every(connection, project=project)
        if not row.paused
    }


def _backlogs(connection: Connection, at: int, project: str) -> dict[Group, float]:
    """How many finished traces wait for each destination; not for those that are paused."""
    return {
        ((GroupBy.DESTINATION.value, each.destination.name),): float(each.pending + each.sending + each.retrying)
        for each in destinations.standing(connection, now=at, project=project)
        if not each.destination.paused
    }
