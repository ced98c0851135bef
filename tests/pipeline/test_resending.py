"""A person can send traces once more, and those for the first time that were there before the destination."""

from collections.abc import Iterator

import pytest

from tests.exporters.receiver import Receiver, receiving
from tests.exporting import NAME, declare, exported_ids, place, rows, send_all, sender
from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.errors import NotFoundError
from tracehub.model.destination import Sampling
from tracehub.model.listing import Filter
from tracehub.pipeline.resending import backfill, resend, resend_matching
from tracehub.store import traces

EVENTS = demo_events(20)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_a_backfill_sends_what_is_missing_and_nothing_twice(database_url: str, receiver: Receiver) -> None:
    told: list[int] = []
    with migrated(database_url) as database, sender(database) as one:
        store(database, EVENTS)
        declare(database, place(receiver))
        send_all(one)
        assert receiver.requests == []
        number = backfill(database, NAME, Filter(), tell=told.append)
        send_all(one)
        assert set(receiver.taken) == exported_ids(database, place(receiver))
        assert (number, told[-1]) == (len(rows(database)), number)
        assert backfill(database, NAME, Filter(), tell=told.append) == 0
        send_all(one)
        assert set(receiver.taken.values()) == {1}


def test_a_backfill_leaves_out_what_is_unwanted_or_too_old(database_url: str, receiver: Receiver) -> None:
    with migrated(database_url) as database:
        store(database, EVENTS)
        declare(database, place(receiver, sampling=Sampling(share=0, errors=True)))
        with database.reading() as connection:
            every = traces.page(connection, Filter(), limit=1000).rows
        failed = [row for row in every if row.outcome.value == "failed" or row.errors_reported + row.errors_inferred]
        assert backfill(database, NAME, Filter(), tell=lambda _: None) == len(failed)
        declare(database, place(receiver, max_age_hours=1))
        assert backfill(database, NAME, Filter(), tell=lambda _: None) == 0


def test_a_trace_that_is_sent_again_goes_out_whole_whatever_the_filter(database_url: str, receiver: Receiver) -> None:
    with migrated(database_url) as database, sender(database) as one:
        declare(database, place(receiver))
        store(database, EVENTS)
        send_all(one)
        declare(database, place(receiver, sampling=Sampling(share=0, errors=False)))
        chosen = sorted(rows(database))[:2]
        with database.writing() as connection:
            assert resend(connection, NAME, [*chosen, "ff" * 16]) == 2
        send_all(one)
        assert {ids[0] for ids, count in receiver.taken.items() if count == 2} == set(chosen)
        assert set(receiver.taken.values()) == {1, 2}


def test_a_time_range_is_sent_again(database_url: str, receiver: Receiver) -> None:
    with migrated(database_url) as database, sender(database) as one:
        declare(database, place(receiver))
        store(database, EVENTS)
        send_all(one)
        with database.reading() as connection:
            starts = sorted(row.started_at or 0 for row in traces.page(connection, Filter(), limit=1000).rows)
        since = starts[len(starts) // 2]
        number = resend_matching(database, NAME, Filter(since=since), tell=lambda _: None)
        send_all(one)
        assert number == sum(start >= since for start in starts)
        assert len({ids[0] for ids, count in receiver.taken.items() if count == 2}) == number


def test_a_destination_that_is_not_there_is_named(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        with database.writing() as connection, pytest.raises(NotFoundError, match="nowhere"):
            resend(connection, "nowhere", [])
        with pytest.raises(NotFoundError, match="nowhere"):
            resend_matching(database, "nowhere", Filter(), tell=lambda _: None)
