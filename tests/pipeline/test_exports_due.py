"""What is written goes into the outbox in the same transaction: what is wanted, when it is due, and nothing twice."""

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from tests.stores import KNOWLEDGE, RECEIVED_AT, migrated, store
from tests.traffic import demo_events
from tracehub.model.destination import Choice, Destination, Sampling
from tracehub.model.listing import Filter, TraceRow
from tracehub.model.record import Event
from tracehub.model.span import Outcome
from tracehub.pipeline.reindex import reindex
from tracehub.store import destinations, traces
from tracehub.store.database import Database
from tracehub.store.schema import export_outbox as table

PLACE = Destination(name="tempo", endpoint="http://tempo:4318", settle_seconds=60, hold_minutes=60)
MINUTE = 60_000_000


def declare(database: Database, *places: Destination) -> None:
    with database.writing() as connection:
        for place in places:
            destinations.declare(connection, place, declared_in="ui", now=1)


def waiting(database: Database, name: str = "tempo") -> dict[str, int]:
    """How long after it was put there each trace is due, in minutes."""
    with database.reading() as connection:
        query = select(table).where(table.c.destination == name, table.c.next_at.is_not(None))
        return {row.trace_id: round((row.next_at - row.enqueued_at) / MINUTE) for row in connection.execute(query)}


def rows(database: Database) -> tuple[TraceRow, ...]:
    with database.reading() as connection:
        return traces.page(connection, Filter(), limit=1000).rows


def longest() -> list[Event]:
    """The events of the longest trace that ended."""
    by_trace: dict[str, list[Event]] = {}
    for event in demo_events(20):
        by_trace.setdefault(event.trace_id, []).append(event)
    return max((found for found in by_trace.values() if any(event.kind == "response" for event in found)), key=len)


def test_each_trace_waits_for_its_end_or_its_time(database_url: str) -> None:
    with migrated(database_url) as database:
        declare(database, PLACE, replace(PLACE, name="metrics only", traces=False))
        store(database, demo_events(20))
        found, stored = waiting(database), rows(database)
        assert set(found) == {row.trace_id for row in stored}
        unfinished = (Outcome.INCOMPLETE, Outcome.RETURNED_CONTROL)
        held = {row.trace_id for row in stored if row.outcome in unfinished}
        assert held
        # Control that was returned is waited for even where the call itself has ended.
        assert held <= {trace_id for trace_id, minutes in found.items() if minutes == 60}
        assert {minutes for trace_id, minutes in found.items() if trace_id not in held} == {1}
        assert waiting(database, "metrics only") == {}


def test_filter_and_sampling_decide_as_traces_come(database_url: str) -> None:
    failures = replace(PLACE, filter=Choice(outcomes=(Outcome.FAILED,)))
    tenth = replace(PLACE, name="tenth", sampling=Sampling(share=0.1, errors=False))
    with migrated(database_url) as database:
        declare(database, failures, tenth)
        store(database, demo_events(40))
        stored = {row.trace_id: row.outcome for row in rows(database)}
        unfinished = {Outcome.INCOMPLETE, Outcome.RETURNED_CONTROL}
        assert {stored[trace_id] for trace_id in waiting(database)} - unfinished == {Outcome.FAILED}
        ended = [trace_id for trace_id in waiting(database, "tenth") if stored[trace_id] not in unfinished]
        assert 0 < len(ended) < len(stored) / 3


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_trace_that_comes_in_parts_is_held_and_decided_when_it_is_complete(database_url: str, share: float) -> None:
    events = longest()
    with migrated(database_url) as database:
        declare(database, replace(PLACE, sampling=Sampling(share=share, errors=False)))
        store(database, events[:2])
        assert set(waiting(database).values()) == {60}
        store(database, events)
        assert len(waiting(database)) == (1 if share else 0)


def test_a_part_that_joins_its_parent_is_not_sent_apart(database_url: str) -> None:
    with migrated(database_url) as database:
        declare(database, PLACE)
        events = list(demo_events(20))
        store(database, events[::2])
        store(database, events[1::2])
        assert set(waiting(database)) == {row.trace_id for row in rows(database)}


def test_reading_events_anew_sends_nothing_that_was_there_before_the_destination(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(5))
        declare(database, PLACE)
        reindex(database, KNOWLEDGE, now=RECEIVED_AT, tell=lambda _: None)
        assert waiting(database) == {}


def test_what_comes_late_to_a_trace_that_nobody_remembers_is_not_sent(database_url: str) -> None:
    events = longest()
    with migrated(database_url) as database:
        store(database, events[:2])
        declare(database, PLACE)
        # It was received in tests.stores' own time, which is long ago or to come; here it is 1970.
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE traces SET received_at = 1")
        store(database, events)
        assert waiting(database) == {}


def test_a_declaration_that_this_version_cannot_read_does_not_stop_ingest(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        declare(database, PLACE, replace(PLACE, name="newer"))
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE export_destinations SET declaration = '{}' WHERE name = 'newer'")
        store(database, demo_events(2))
        assert set(waiting(database)) == {row.trace_id for row in rows(database)}
