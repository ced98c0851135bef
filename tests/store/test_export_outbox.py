"""The outbox: what was put there is claimed by one worker at a time, marked by him alone, and counted once."""

import msgspec
import pytest

from tests.stores import migrated
from tracehub.errors import NotFoundError
from tracehub.model.destination import Destination
from tracehub.model.export_rows import Claimed, Entry, ExportState, Mark
from tracehub.store import destinations, export_outbox
from tracehub.store.database import Database

HOUR = 3_600_000_000
ONE, TWO, THREE = (f"{number:02x}" * 16 for number in (1, 2, 3))
PLACE = Destination(name="tempo", endpoint="http://tempo:4318")


def entry(trace_id: str, digest: str = "aa" * 16, **changes: object) -> Entry:
    found = Entry(trace_id=trace_id, destination="tempo", digest=digest, started_at=5_000_000, due_at=1)
    return msgspec.structs.replace(found, **changes)


def put(database: Database, *entries: Entry, only_known: bool = False) -> None:
    with database.writing() as connection:
        destinations.declare(connection, PLACE, declared_in="ui", now=1)
        export_outbox.enqueue(connection, entries, only_known=only_known)


def take(database: Database, limit: int = 10, seconds: float = 60) -> tuple[Claimed, ...]:
    with database.writing() as connection:
        return export_outbox.claim(connection, "tempo", limit=limit, seconds=seconds)


def found_out(claimed: Claimed, state: ExportState = ExportState.DELIVERED, **changes: object) -> Mark:
    found = Mark(
        trace_id=claimed.trace_id,
        claim=claimed.claim,
        generation=claimed.generation,
        state=state,
        settled=b"12345678",
        delivered_spans=1,
    )
    return msgspec.structs.replace(found, **changes)


def write(database: Database, *marks: Mark) -> set[str]:
    with database.writing() as connection:
        return export_outbox.mark(connection, "tempo", marks, requests=1)


def state_of(database: Database, trace_id: str) -> ExportState:
    with database.reading() as connection:
        [row] = export_outbox.of_trace(connection, trace_id)
        return row.state


def test_what_is_due_is_claimed_once_and_what_is_not_waits(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE), entry(TWO, due_at=2), entry(THREE, due_at=2**62))
        assert [found.trace_id for found in take(database, 1)] == [ONE]
        assert [found.trace_id for found in take(database)] == [TWO]
        assert take(database) == ()
        with database.reading() as connection:
            [standing] = destinations.standing(connection, now=10)
        assert (standing.held, standing.pending, standing.sending, standing.oldest_due_at) == (1, 0, 2, 1)


def test_a_worker_whose_claim_was_taken_over_writes_and_counts_nothing(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE))
        [paused] = take(database, seconds=0)
        [other] = take(database)
        assert write(database, found_out(paused)) == set()
        with database.writing() as connection:
            assert export_outbox.keep(connection, "tempo", {ONE: paused.claim}, 60) == set()
            assert export_outbox.keep(connection, "tempo", {ONE: other.claim}, 60) == {ONE}
        assert write(database, found_out(other)) == {ONE}
        assert write(database, found_out(other)) == set()
        with database.reading() as connection:
            row = destinations.one(connection, "tempo")
        assert (row.delivered_traces, row.delivered_spans, row.requests) == (1, 1, 3)


def test_a_delivered_trace_begins_again_only_with_other_spans(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE))
        write(database, found_out(take(database)[0]))
        put(database, entry(ONE))
        assert state_of(database, ONE) is ExportState.DELIVERED
        put(database, entry(ONE, "bb" * 16))
        [again] = take(database)
        assert (again.settled, again.delivered_before, again.attempts) == (b"12345678", True, 1)
        write(database, found_out(again, settled=b"12345678abcdefgh"))
        with database.reading() as connection:
            row = destinations.one(connection, "tempo")
            [listed] = export_outbox.of_trace(connection, ONE)
        assert (row.delivered_traces, row.delivered_spans, listed.settled_spans) == (1, 2, 2)


def test_what_changes_while_it_is_sent_is_sent_on(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE))
        [claimed] = take(database)
        put(database, entry(ONE, "bb" * 16))
        assert take(database) == ()
        write(database, found_out(claimed))
        assert state_of(database, ONE) is ExportState.PENDING
        [again] = take(database)
        assert again.settled == b"12345678"


def test_reading_events_anew_puts_nothing_there_that_was_not_and_nothing_that_is_the_same(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE))
        write(database, found_out(take(database)[0]))
        put(database, entry(ONE), entry(TWO), only_known=True)
        assert take(database) == ()
        put(database, entry(ONE, "bb" * 16), only_known=True)
        assert [found.trace_id for found in take(database)] == [ONE]


def test_what_turns_out_unwanted_is_taken_back_unless_a_part_is_there(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE), entry(TWO, forced=True), entry(THREE, due_at=2**62))
        [first, second] = take(database)
        later = {"next_at": 2**62, "error": "503"}
        write(database, found_out(first, ExportState.PENDING, **later))
        write(database, found_out(second, ExportState.PENDING, settled=b"", delivered_spans=0, **later))
        with database.writing() as connection:
            export_outbox.withdraw(connection, {"tempo": [ONE, TWO, THREE]})
            waiting = export_outbox.waiting(connection, "tempo", limit=10)
        assert [row.trace_id for row in waiting] == [ONE, TWO]
        assert waiting[0].last_error == "503"


def test_what_waited_too_long_or_is_too_old_expires_with_its_reason(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE, due_at=1), entry(TWO, due_at=9), entry(THREE, due_at=9, started_at=1))
        write(database, found_out(take(database, 1)[0], ExportState.RETRYING, next_at=2**62, error="HTTP 503"))
        with database.writing() as connection:
            assert export_outbox.expire(connection, "tempo", due_before=5, reason="nobody took it for 7 days") == 1
            assert export_outbox.expire_old(connection, "tempo", started_before=5, reason="it is too old") == 1
            failed = export_outbox.failed(connection, "tempo", limit=10).rows
            assert {row.trace_id: row.last_error for row in failed} == {
                ONE: "nobody took it for 7 days; the last answer: HTTP 503",
                THREE: "it is too old",
            }
            assert destinations.one(connection, "tempo").expired_traces == 2
        assert [found.trace_id for found in take(database)] == [TWO]


def test_the_oldest_are_dropped_and_counted_where_too_many_wait(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE, due_at=1), entry(TWO, due_at=2), entry(THREE, due_at=3))
        with database.writing() as connection:
            assert export_outbox.drop_oldest(connection, "tempo", most=2) == 1
            assert export_outbox.drop_oldest(connection, "tempo", most=2) == 0
            assert destinations.one(connection, "tempo").dropped_traces == 1
        assert [found.trace_id for found in take(database)] == [TWO, THREE]


def test_what_ended_long_ago_is_forgotten_and_stays_counted(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE), entry(TWO), entry(THREE))
        one, two, _ = take(database)
        write(database, found_out(one), found_out(two, ExportState.REJECTED, error="400", delivered_spans=0))
        with database.writing() as connection:
            assert export_outbox.forget(connection, "tempo", ended_before=1) == 0
            assert export_outbox.forget(connection, "tempo", ended_before=2**62) == 2
            row = destinations.one(connection, "tempo")
        assert (row.delivered_traces, row.rejected_traces) == (1, 1)


def test_sending_again_forgets_what_was_acknowledged_and_whoever_sends_it_now(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE), entry(TWO))
        first, second = take(database)
        write(database, found_out(first))
        with database.writing() as connection:
            entries = [entry(ONE, forced=True), entry(TWO, forced=True), entry(THREE)]
            assert export_outbox.send_again(connection, entries[:2], anew=False) == 0
            assert export_outbox.send_again(connection, entries) == 3
        assert write(database, found_out(second)) == set()
        assert [(found.trace_id, found.settled, found.forced) for found in take(database)] == [
            (ONE, b"", True),
            (TWO, b"", True),
            (THREE, b"", False),
        ]


def test_a_destination_keeps_its_counts_when_its_declaration_changes(database_url: str) -> None:
    with migrated(database_url) as database:
        put(database, entry(ONE))
        write(database, found_out(take(database)[0]))
        changed = msgspec.structs.replace(PLACE, content="full")
        with database.writing() as connection:
            destinations.stop(connection, "tempo", "HTTP 401: who are you?", now=7)
            destinations.declare(connection, PLACE, declared_in="file", now=8)
            assert destinations.one(connection, "tempo").stopped_reason == "HTTP 401: who are you?"
            destinations.declare(connection, changed, declared_in="file", now=9, secrets={"Key": b"\x00sealed"})
            row = destinations.one(connection, "tempo")
        assert (row.stopped_reason, row.generation, row.delivered_traces) == (None, 2, 1)
        assert (row.secrets, destinations.read(row)) == ({"key": b"\x00sealed"}, changed)
        with database.writing() as connection:
            destinations.remove(connection, "tempo")
            assert export_outbox.of_trace(connection, ONE) == ()
            with pytest.raises(NotFoundError):
                destinations.pause(connection, "tempo", True)
