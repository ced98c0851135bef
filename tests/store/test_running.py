"""Which sessions run: their last turn has not ended, and gained something just now."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from tests.stores import migrated, store
from tracehub.bedrock.decode import decode
from tracehub.model.record import Event, Limits, Record
from tracehub.store import changes
from tracehub.store.database import Database
from tracehub.store.schema import traces

FIRST = "11111111-0000-4000-8000-000000000000"
SECOND = "22222222-0000-4000-8000-000000000000"


def test_a_session_runs_while_its_last_turn_has_not_ended(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, _turn(FIRST, _now()))
        assert _running(database) == {"s"}
        store(database, _turn(FIRST, _now(), ended=True))
        assert _running(database) == set()


def test_a_turn_that_was_cut_off_before_the_last_does_not_make_it_run(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, _turn(FIRST, _now() - timedelta(seconds=60)))
        store(database, _turn(SECOND, _now(), ended=True))
        assert _running(database) == set()


def test_what_is_silent_for_two_minutes_does_not_run(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, _turn(FIRST, _now()))
        with database.writing() as connection:
            connection.execute(update(traces).values(written_at=traces.c.written_at - changes.RUNNING_US - 1))
        assert _running(database) == set()


def test_what_was_read_long_after_it_happened_does_not_run(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, _turn(FIRST, _now() - timedelta(hours=1)))
        assert _running(database) == set()


def _now() -> datetime:
    """When it is asked for: a run of all tests may be long past the import of this file."""
    return datetime.now(UTC)


def _running(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(changes.running(connection, ["s", "another"]))


def _turn(uuid: str, at: datetime, *, ended: bool = False) -> tuple[Event, ...]:
    """A call in which a model thinks; one that ended has an answer too."""
    asked = {"modelInvocationInput": {"traceId": f"{uuid}-0", "type": "ORCHESTRATION", "text": "Why?"}}
    answered = {"observation": {"traceId": f"{uuid}-0", "type": "FINISH", "finalResponse": {"text": "So."}}}
    steps: list[dict[str, Any]] = [asked, answered] if ended else [asked]
    lines = [
        json.dumps(
            {
                "agentId": "AGENT00001",
                "sessionId": "s",
                "eventTime": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "trace": {"orchestrationTrace": step},
            }
        )
        for step in steps
    ]
    return decode(Record(data="\n".join(lines).encode(), source="test", received_at=0), Limits()).events
