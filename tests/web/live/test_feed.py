"""The feed tells every step that is stored, once, whoever stores it and in whatever pieces."""

import threading
from collections import Counter
from collections.abc import Sequence

from tests.long_sessions import long_session
from tests.stores import KNOWLEDGE, RECEIVED_AT, migrated, store
from tests.traffic import demo_events
from tracehub.bedrock.decode import decode
from tracehub.model.listing import Filter
from tracehub.model.record import Decoded, Event, Limits, Record
from tracehub.model.span import Outcome
from tracehub.pipeline.batch import Arrival, write_batch
from tracehub.store import spans, traces
from tracehub.store.database import Database
from tracehub.web.live.feed import EVERYTHING, Feed, Step, latest

WRITERS = 4


def test_what_was_stored_before_is_old_and_what_comes_is_told_once(database_url: str) -> None:
    first, second = demo_events(3, seed=1), demo_events(3, seed=2)
    with migrated(database_url) as database:
        store(database, first)
        before = _stored(database)
        feed = Feed(database.reading)
        assert feed.poll().steps == ()
        store(database, second)
        told = feed.poll().steps
        assert {step.trace.trace_id for step in told} == _stored(database) - before
        assert feed.poll().steps == ()


def test_of_a_trace_that_grows_only_what_is_new_or_differs_is_told(database_url: str) -> None:
    events = _longest(demo_events(6))
    with migrated(database_url) as database:
        store(database, events[: len(events) // 2])
        feed = Feed(database.reading)
        feed.poll()
        with database.reading() as connection:
            before = set(spans.of_traces(connection, [events[0].trace_id])[events[0].trace_id])
        store(database, events)
        with database.reading() as connection:
            after = spans.of_traces(connection, [events[0].trace_id])[events[0].trace_id]
        told = [step.span for step in feed.poll().steps]
        assert told == [span for span in after[1:] if span not in before]
        assert 0 < len(told) < len(after)


def test_writing_the_same_again_tells_nothing(database_url: str) -> None:
    with migrated(database_url) as database:
        feed = Feed(database.reading)
        feed.poll()
        store(database, demo_events(3))
        assert feed.poll().steps
        store(database, demo_events(3))
        assert feed.poll().steps == ()


def test_many_writers_at_once_and_nothing_is_missed_or_told_twice(database_url: str) -> None:
    with migrated(database_url) as database:
        feed = Feed(database.reading, most_steps=100_000)
        feed.poll()
        told: list[Step] = []
        writers = [
            threading.Thread(target=_write_piece_by_piece, args=(database, demo_events(15, seed=seed)))
            for seed in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            told += feed.poll().steps
        for _ in range(10):
            told += feed.poll().steps
        versions = Counter((step.span.span_id, hash(step.span)) for step in told)
        assert max(versions.values()) == 1
        last = {(step.span.trace_id, step.span.span_id): step.span for step in told}
        with database.reading() as connection:
            stored = latest(connection, EVERYTHING, 100_000)
        assert {(step.span.trace_id, step.span.span_id): step.span for step in stored}.items() <= last.items()


def test_a_transaction_that_ends_after_a_later_one_is_not_missed(postgresql_url: str) -> None:
    first, second = _events(20), _events(21)
    with migrated(postgresql_url) as database:
        feed = Feed(database.reading)
        feed.poll()
        stored, may_end = threading.Event(), threading.Event()

        def write_slowly() -> None:
            with database.writing() as connection:
                write_batch(connection, [Arrival(_decoded(first), "slow", RECEIVED_AT)], KNOWLEDGE)
                stored.set()
                assert may_end.wait(30)

        slow = threading.Thread(target=write_slowly)
        slow.start()
        assert stored.wait(30)
        store(database, second)
        assert {step.trace.trace_id for step in feed.poll().steps} == {event.trace_id for event in second}
        may_end.set()
        slow.join()
        assert {change.trace_id for change in feed.poll().changes} == {event.trace_id for event in first}


def test_what_is_too_much_at_once_is_counted(database_url: str) -> None:
    with migrated(database_url) as database:
        feed = Feed(database.reading, most_steps=50)
        feed.poll()
        store(database, demo_events(20))
        news = feed.poll()
        with database.reading() as connection:
            stored = latest(connection, EVERYTHING, 100_000)
        assert len(news.steps) < len(stored)
        assert {step.trace.trace_id for step in stored} == {step.trace.trace_id for step in news.steps} | set(
            news.unread
        )
        assert news.unread


def test_who_was_away_is_told_what_came_meanwhile(database_url: str) -> None:
    first, second = demo_events(3, seed=1), demo_events(3, seed=2)
    with migrated(database_url) as database:
        feed = Feed(database.reading)
        store(database, first)
        before = _stored(database)
        away = feed.poll().cursor
        store(database, second)
        feed.poll()
        assert feed.replay(EVERYTHING, away + 60_000_000).steps == ()
        came = {step.trace.trace_id for step in feed.replay(EVERYTHING, away).steps}
        again = Feed(database.reading).replay(EVERYTHING, away)
        assert _stored(database) - before <= came == {step.trace.trace_id for step in again.steps}
        assert not again.gap
        assert Feed(database.reading, most_steps=5).replay(EVERYTHING, away).gap


def test_filters_tell_whose_traces_match(database_url: str) -> None:
    failed, everything = Filter(outcomes=(Outcome.FAILED,)), EVERYTHING
    with migrated(database_url) as database:
        feed = Feed(database.reading)
        feed.poll()
        store(database, demo_events(60))
        matches = feed.poll([failed, everything]).matches
        with database.reading() as connection:
            assert matches[failed] == {row.trace_id for row in traces.page(connection, failed, limit=1000).rows}
            assert set(matches[failed]) < set(matches[everything]) == _stored(database)
            shown = latest(connection, failed, 5)
        assert {step.trace.outcome for step in shown} == {Outcome.FAILED}
        assert len(shown) == 5


def test_changes_of_one_session_are_told(database_url: str) -> None:
    with migrated(database_url) as database:
        feed = Feed(database.reading)
        feed.poll()
        store(database, demo_events(5))
        with database.reading() as connection:
            row = traces.page(connection, EVERYTHING, limit=1).rows[0]
            of_it = {turn.trace_id for turn in traces.of_session(connection, row.session_id)}
        assert {change.trace_id for change in feed.changes_of(row.session_id, 0).changes} == of_it
        assert {change.trace_id for change in feed.poll().changes if change.session_id == row.session_id} == of_it


def _write_piece_by_piece(database: Database, events: Sequence[Event]) -> None:
    for start in range(0, len(events), 30):
        store(database, events[start : start + 30])


def _longest(events: Sequence[Event]) -> list[Event]:
    """The events of the trace that has the most."""
    [(trace_id, _)] = Counter(event.trace_id for event in events).most_common(1)
    return [event for event in events if event.trace_id == trace_id]


def _events(steps: int) -> tuple[Event, ...]:
    """A short session of its own."""
    return _decode(b"".join(long_session(f"of {steps}", steps)))


def _decode(lines: bytes) -> tuple[Event, ...]:
    return decode(Record(data=lines, source="test", received_at=0), Limits()).events


def _decoded(events: Sequence[Event]) -> Decoded:
    return Decoded(records=len(events), events=tuple(events), ignored=0, quarantined=())


def _stored(database: Database) -> set[str]:
    with database.reading() as connection:
        return {row.trace_id for row in traces.page(connection, EVERYTHING, limit=1000).rows}
