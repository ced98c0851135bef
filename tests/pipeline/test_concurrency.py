"""Several writers on one PostgreSQL store what one writer alone would, collaborators that come apart included."""

import json
import random
import threading

import pytest

from tests.stores import KNOWLEDGE, RECEIVED_AT, content, empty, migrated, store
from tests.traffic import demo_lines
from tracehub.bedrock.decode import decode
from tracehub.model.record import Decoded, Event, Limits, Record
from tracehub.pipeline.batch import Arrival
from tracehub.pipeline.reindex import reindex
from tracehub.pipeline.writer import Writer
from tracehub.store.database import Database, parse_url

WRITERS = 4


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_writers_side_by_side_and_a_reindex_leave_what_one_writer_would(postgresql_url: str, seed: int) -> None:
    events = _apart()
    chance = random.Random(seed)
    with migrated(postgresql_url) as database:
        store(database, events)
        expected = content(database)
        empty(database)
        shuffled = chance.sample(events, len(events))
        failures: list[BaseException] = []
        threads = [
            threading.Thread(target=_write, args=(postgresql_url, shuffled[start::WRITERS], failures))
            for start in range(WRITERS)
        ]
        threads.append(threading.Thread(target=_reindex, args=(postgresql_url, failures)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert content(database) == expected


def _apart() -> list[Event]:
    """Every traced step of some demo sessions, each decoded as a record of its own."""
    lines = [
        json.dumps(message).encode()
        for line in demo_lines(20).splitlines()
        for message in json.loads(line)["completion"]
        if "trace" in message
    ]
    records = [Record(data=line, source="test", received_at=0) for line in lines]
    return [event for record in records for event in decode(record, Limits()).events]


def _write(url: str, events: list[Event], failures: list[BaseException]) -> None:
    database = Database(parse_url(url))
    writer = Writer(database, KNOWLEDGE, queue_bytes=10**9)
    try:
        for start in range(0, len(events), 7):
            part = tuple(events[start : start + 7])
            decoded = Decoded(records=len(part), events=part, ignored=0, quarantined=())
            writer.write(Arrival(decoded, "test", RECEIVED_AT)).result(60)
    except Exception as error:  # told by the test
        failures.append(error)
    finally:
        writer.close()
        database.close()


def _reindex(url: str, failures: list[BaseException]) -> None:
    database = Database(parse_url(url))
    try:
        for _ in range(5):
            reindex(database, KNOWLEDGE, now=RECEIVED_AT, tell=lambda _: None)
    except Exception as error:  # told by the test
        failures.append(error)
    finally:
        database.close()
