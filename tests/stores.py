"""A store for a test: migrated, writable, and comparable with another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from tests import migrated_copies
from tracehub.analytics.knowledge import load_knowledge
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Event
from tracehub.pipeline.batch import Arrival, write_batch
from tracehub.store import search
from tracehub.store.database import Database, parse_url
from tracehub.store.schema import metadata, sessions, spans, traces

KNOWLEDGE = load_knowledge(None, None)
RECEIVED_AT = 1_790_000_000_000_000
# When something was received, and what follows from it alone, is not content.
_NOT_CONTENT = {"received_at", "written_at"}


@contextmanager
def migrated(url: str) -> Iterator[Database]:
    """An empty database with the current schema."""
    migrated_copies.fill(url)
    database = Database(parse_url(url))
    try:
        yield database
    finally:
        database.close()


def store(database: Database, events: Sequence[Event]) -> Counts:
    """Writes events as one batch."""
    decoded = Decoded(records=len(events), events=tuple(events), ignored=0, quarantined=())
    with database.writing() as connection:
        return write_batch(connection, [Arrival(decoded, "test", RECEIVED_AT)], KNOWLEDGE)[0]


def empty(database: Database) -> None:
    """Deletes every row."""
    with database.writing() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        search.clear(connection)


def content(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows of traces, spans and sessions in a fixed order, without what depends on the time of receipt."""
    found = {}
    with database.reading() as connection:
        for table in (traces, spans, sessions):
            rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            found[table.name] = [
                {name: value for name, value in row.items() if name not in _NOT_CONTENT} for row in rows
            ]
    return found
