"""Puts stored traces into the outbox when a person asks for it: once more, or for the first time."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from tracehub.model.export_rows import Entry
from tracehub.model.listing import Filter, TraceRow
from tracehub.model.selection import facts_of_row, wants
from tracehub.pipeline.exports_due import digest_of_ids
from tracehub.store import destinations, export_outbox, spans, traces
from tracehub.store.database import Database
from tracehub.store.dialect import now
from tracehub.store.schema import DEFAULT_PROJECT

AT_ONCE = 200


def resend(
    connection: Connection, destination: str, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> int:
    """Sends these traces there at once and whole, whatever filter and sampling say and whether or not they were
    delivered before; how many there are. NotFoundError where there is no such destination."""
    destinations.one(connection, destination, project=project)
    rows = traces.among(connection, trace_ids, project=project)
    entries = _entries(connection, destination, list(rows.values()), forced=True, project=project)
    return export_outbox.send_again(connection, entries, project=project)


def resend_matching(
    database: Database, destination: str, filter: Filter, *, tell: Callable[[int], None], project: str = DEFAULT_PROJECT
) -> int:
    """Sends all traces that match there once more, as `resend` does, the newest first; how many.

    `filter` may hold a time range (`since`, `until`). `tell` hears how many are done after each transaction; stopping
    half way leaves the others as they were.
    """

    def again(connection: Connection, rows: Sequence[TraceRow]) -> int:
        entries = _entries(connection, destination, rows, forced=True, project=project)
        return export_outbox.send_again(connection, entries, project=project)

    return _each(database, destination, filter, again, tell, project)


def backfill(
    database: Database, destination: str, filter: Filter, *, tell: Callable[[int], None], project: str = DEFAULT_PROJECT
) -> int:
    """Sends those traces that match and that the destination wants there, unless they are there or on their way; how
    many. What is too old for it is left out: it would only expire. Running it again sends nothing twice."""
    with database.reading() as connection:
        declared = destinations.read(destinations.one(connection, destination, project=project))
    oldest = declared.max_age_us

    def missing(connection: Connection, rows: Sequence[TraceRow]) -> int:
        at = now(connection)
        wanted = [row for row in rows if wants(declared, facts_of_row(row)) and _young(row, at, oldest)]
        entries = _entries(connection, destination, wanted, forced=False, project=project)
        return export_outbox.send_again(connection, entries, anew=False, project=project)

    return _each(database, destination, filter, missing, tell, project)


def _each(
    database: Database,
    destination: str,
    filter: Filter,
    put: Callable[[Connection, Sequence[TraceRow]], int],
    tell: Callable[[int], None],
    project: str,
) -> int:
    done, older_than = 0, None
    while True:
        with database.writing() as connection:
            destinations.one(connection, destination, project=project)
            page = traces.page(connection, filter, older_than=older_than, limit=AT_ONCE, project=project)
            done += put(connection, page.rows)
        tell(done)
        older_than = page.older
        if older_than is None:
            return done


def _entries(
    connection: Connection, destination: str, rows: Sequence[TraceRow], *, forced: bool, project: str
) -> list[Entry]:
    ids = spans.ids_of_traces(connection, [row.trace_id for row in rows], project=project)
    at = now(connection)
    return [
        Entry(
            trace_id=row.trace_id,
            destination=destination,
            digest=digest_of_ids(ids.get(row.trace_id, ())),
            started_at=at if row.started_at is None else row.started_at,
            due_at=at,
            forced=forced,
        )
        for row in rows
    ]


def _young(row: TraceRow, at: int, oldest: int | None) -> bool:
    return oldest is None or row.started_at is None or row.started_at >= at - oldest
