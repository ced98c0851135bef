"""A trace's row says when something of it was last stored."""

from tests.stores import KNOWLEDGE, migrated, store
from tests.traffic import demo_events
from tracehub.pipeline.reindex import reindex
from tracehub.store import dialect, traces
from tracehub.store.database import Database


def test_a_trace_that_gains_events_was_written_later(database_url: str) -> None:
    events = [event for event in demo_events(1) if event.trace_id == demo_events(1)[0].trace_id]
    with migrated(database_url) as database:
        store(database, events[:2])
        first = _written(database, events[0].trace_id)
        store(database, events[2:])
        with database.reading() as connection:
            assert first <= _written(database, events[0].trace_id) <= dialect.now(connection)


def test_reading_everything_anew_is_no_arrival(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(3))
        trace_ids = [event.trace_id for event in demo_events(3)]
        with database.reading() as connection:
            before = traces.written(connection, trace_ids)
        reindex(database, KNOWLEDGE, now=0, tell=lambda _: None)
        with database.reading() as connection:
            assert traces.written(connection, trace_ids) == before


def _written(database: Database, trace_id: str) -> int:
    with database.reading() as connection:
        return traces.written(connection, [trace_id])[trace_id]
