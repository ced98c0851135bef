"""Group commit: what one sender sends must not harm the others, and nothing is lost without a trace."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from tests.stores import KNOWLEDGE, migrated
from tests.traffic import demo_events
from tracehub.analytics.knowledge import Knowledge
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Event
from tracehub.pipeline import writer as writing
from tracehub.pipeline.batch import Arrival, write_batch
from tracehub.pipeline.writer import Writer
from tracehub.store import quarantine, traces


def _arrival(events: Sequence[Event]) -> Arrival:
    return Arrival(Decoded(records=len(events), events=tuple(events), ignored=0, quarantined=()), "test", 1)


def test_a_trace_the_database_refuses_is_quarantined_and_its_neighbours_are_stored(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = demo_events(3)
    poison = events[0].trace_id

    def refusing(connection: Connection, arrivals: Sequence[Arrival], knowledge: Knowledge) -> list[Counts]:
        if any(event.trace_id == poison for arrival in arrivals for event in arrival.decoded.events):
            raise DataError("INSERT", {}, ValueError("a value that no column takes"))
        return write_batch(connection, arrivals, knowledge)

    monkeypatch.setattr(writing, "write_batch", refusing)
    with migrated(sqlite_url) as database:
        writer = Writer(database, KNOWLEDGE, queue_bytes=10**9, sleep=lambda _: None)
        counts = writer.write(_arrival(events)).result(30)
        writer.close()
        of_poison = [event for event in events if event.trace_id == poison]
        assert counts.events == len(events) - len(of_poison)
        assert counts.quarantined == 1
        with database.reading() as connection:
            [piece] = quarantine.page(connection, limit=10).rows
            assert quarantine.data(connection, piece.sha256) == b"\n".join(event.raw for event in of_poison)
            assert "cannot be stored" in piece.reason
            assert poison not in traces.sessions_of(connection, [event.trace_id for event in events])


def test_senders_that_wait_together_get_their_own_counts(sqlite_url: str) -> None:
    events = demo_events(6)
    by_trace: dict[str, list[Event]] = {}
    for event in events:
        by_trace.setdefault(event.trace_id, []).append(event)
    with migrated(sqlite_url) as database:
        writer = Writer(database, KNOWLEDGE, queue_bytes=10**9)
        waiting = [writer.write(_arrival(own)) for own in by_trace.values()]
        repeated = [writer.write(_arrival(own)) for own in by_trace.values()]
        assert [done.result(30).events for done in waiting] == [len(own) for own in by_trace.values()]
        assert [done.result(30).duplicates for done in repeated] == [len(own) for own in by_trace.values()]
        writer.close()
