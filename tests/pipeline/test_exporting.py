"""Senders work side by side, in one process and in several, and none writes over what another has done."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import update

from tests.collecting import until
from tests.exporters.receiver import TAKEN, Answer, Receiver, Request, receiving, refusing
from tests.exporting import NAME, declare, exported_ids, parts, place, rows, send_all, sender, standing
from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.errors import PermanentError
from tracehub.exporters.headers import check_entered, place_of
from tracehub.model.export_rows import ExportState
from tracehub.pipeline.exporting import LONGEST_SECONDS, Exporting, Sender, delay
from tracehub.sealing import Sealer
from tracehub.store import destinations
from tracehub.store.database import Database
from tracehub.store.schema import export_outbox as outbox

EVENTS = demo_events(20)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def delivered(database: Database) -> bool:
    found = rows(database)
    return bool(found) and all(row.state is ExportState.DELIVERED for row in found.values())


@pytest.mark.postgres
def test_several_workers_share_the_outbox_and_send_nothing_twice(postgresql_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda request: refusing(413) if len(request.body) > 20_000 else Answer(wait_seconds=0.01)
    with migrated(postgresql_url) as database, ExitStack() as stack:
        declare(database, place(receiver))
        store(database, demo_events(60))
        wanted = exported_ids(database, place(receiver))
        others = [Database(database.url) for _ in range(3)]
        senders = [stack.enter_context(sender(other)) for other in others]
        threads = [threading.Thread(target=send_all, args=(one,)) for one in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for other in others:
            other.close()
        assert set(receiver.taken) == wanted
        assert set(receiver.taken.values()) == {1}
        assert delivered(database)
        assert standing(database).delivered_spans == len(wanted)


def test_a_worker_that_slept_too_long_marks_nothing_that_another_has_sent(
    database_url: str, receiver: Receiver
) -> None:
    with migrated(database_url) as database:
        declare(database, place(receiver))
        store(database, EVENTS)

        def sleep_through(request: Request) -> Answer:
            """While the first worker waits for this answer, its claims end and another sends everything."""
            if request.number == 0:
                with database.writing() as connection:
                    connection.execute(update(outbox).where(outbox.c.state == "sending").values(next_at=0))
                with sender(database) as other:
                    send_all(other)
            return TAKEN

        receiver.answers = sleep_through
        with sender(database) as sleeper:
            send_all(sleeper)
        first = set(receiver.requests[0].ids)
        assert {ids for ids, count in receiver.taken.items() if count > 1} == first
        assert delivered(database)
        row = standing(database)
        assert row.delivered_spans == len(receiver.taken)
        assert row.delivered_traces == len(rows(database))


def test_a_worker_that_lost_its_claims_sends_no_further_request(database_url: str, receiver: Receiver) -> None:
    times = iter(range(0, 1_000_000, 1000))
    with migrated(database_url) as database:
        declare(database, place(receiver))
        store(database, EVENTS)

        def lose(request: Request) -> Answer:
            with database.writing() as connection:
                connection.execute(update(outbox).values(claim=outbox.c.claim + 1, next_at=2**62))
            return refusing(413)

        receiver.answers = lose
        with sender(database, seconds=lambda: float(next(times))) as one:
            one.step()
        assert len(receiver.requests) == 1


def test_who_is_told_to_stop_gives_back_what_he_has_not_sent(database_url: str, receiver: Receiver) -> None:
    stopping = threading.Event()

    def stop(request: Request) -> Answer:
        if len(request.body) > 20_000:
            return refusing(413)
        stopping.set()
        return TAKEN

    receiver.answers = stop
    with migrated(database_url) as database, parts(database) as given:
        declare(database, place(receiver))
        store(database, EVENTS)
        Sender(NAME, given, stopping).step()
        states = {row.state for row in rows(database).values()}
        assert states == {ExportState.DELIVERED, ExportState.PENDING}
        receiver.answers = lambda _: TAKEN
        with sender(database) as one:
            send_all(one)
        assert delivered(database)
        assert set(receiver.taken.values()) == {1}


def test_a_slow_destination_does_not_hold_up_another(database_url: str, receiver: Receiver) -> None:
    with receiving() as slow, migrated(database_url) as database, parts(database, poll_seconds=0.02) as given:
        release = threading.Event()

        def dawdle(_: Request) -> Answer:
            release.wait(60)
            return TAKEN

        slow.answers = dawdle
        declare(database, place(receiver))
        declare(database, replace(place(slow), name="slow", timeout_seconds=120))
        store(database, EVENTS)
        exporting = Exporting(given)
        exporting.start()
        try:
            until(lambda: set(receiver.taken) == exported_ids(database, place(receiver)), "the quick one")
            assert not slow.taken
            assert exporting.alive
            release.set()
            until(lambda: set(slow.taken) == set(receiver.taken), "the slow one")
        finally:
            release.set()
            exporting.stop()


def test_a_destination_may_come_and_go_while_others_are_sent_to(database_url: str, receiver: Receiver) -> None:
    with migrated(database_url) as database, parts(database, poll_seconds=0.02) as given:
        exporting = Exporting(given)
        exporting.start()
        try:
            declare(database, place(receiver))
            store(database, EVENTS)
            until(lambda: delivered(database), "the new destination")
            with database.writing() as connection:
                destinations.remove(connection, NAME)
            until(lambda: not exporting.busy, "the end of its sender")
            number = len(receiver.requests)
            store(database, demo_events(21))
        finally:
            exporting.stop()
        assert len(receiver.requests) == number


def test_a_secret_that_was_entered_is_opened_for_the_request_alone(database_url: str, receiver: Receiver) -> None:
    sealer = Sealer(b"m" * 32)
    with migrated(database_url) as database:
        sealed = {"Api-Key": sealer.seal("s3cret", place_of(NAME, "api-key"))}
        with database.writing() as connection:
            declared = place(receiver, headers={"api-key": "sealed:"})
            destinations.declare(connection, declared, declared_in="ui", now=1, secrets=sealed)
        store(database, EVENTS)
        with sender(database, unseal=sealer.open) as one:
            send_all(one)
        assert receiver.requests[0].headers["api-key"] == "s3cret"
        assert "s3cret" not in str(standing(database))


def test_who_enters_a_destination_cannot_have_secrets_of_the_machine_sent_there(
    sqlite_url: str, receiver: Receiver
) -> None:
    spying = place(receiver, headers={"key": "env:TRACEHUB_SECRET_KEY"})
    with pytest.raises(PermanentError, match="configuration file"):
        check_entered(spying)
    with migrated(sqlite_url) as database:
        with database.writing() as connection:
            destinations.declare(connection, spying, declared_in="ui", now=1)
        store(database, EVENTS)
        with sender(database, environment={"TRACEHUB_SECRET_KEY": "x"}) as one:
            send_all(one)
        assert receiver.requests == []
        assert "configuration file" in (standing(database).last_error or "")


@given(st.integers(0, 1000), st.none() | st.floats(0, 86_400), st.floats(0, 1))
def test_nobody_waits_for_ever_or_less_than_he_was_asked_to(failures: int, after: float | None, chance: float) -> None:
    waited = delay(failures, after, lambda: chance)
    assert waited >= (after or 0)
    assert waited <= LONGEST_SECONDS + (after or 0)
