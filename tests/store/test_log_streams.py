"""A push may be of more log streams than a statement takes parameters."""

from tests.stores import migrated
from tracehub.model.collected import LogStream
from tracehub.store import log_streams

STREAMS = [LogStream("123456789012", "/group", f"stream {number}") for number in range(70_000)]


def test_as_many_streams_as_there_are(database_url: str) -> None:
    with migrated(database_url) as database:
        sitting = log_streams.Sitting(stream=STREAMS[-1], last_timestamp=7)
        with database.writing() as connection:
            log_streams.advance(connection, sitting)
            log_streams.mark(connection, STREAMS[-1], {5: b"x" * 16})
        with database.reading() as connection:
            found = log_streams.load(connection, STREAMS)
            assert len(found) == len(STREAMS)
            assert found[STREAMS[-1]].last_timestamp == 7
            assert log_streams.seen(connection, STREAMS, 0, 600_000) == {STREAMS[-1]: {5: b"x" * 16}}
