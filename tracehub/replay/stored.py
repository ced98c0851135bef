"""Reads recordings from the database."""

from collections.abc import Iterator

from sqlalchemy import Connection

from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.blocks import unpack
from tracehub.model.listing import Filter, Key
from tracehub.replay.recorded_call import recording_of
from tracehub.replay.recording import Recording
from tracehub.store import event_blocks, sessions, traces

_PAGE = 200


def stored(connection: Connection, knowledge: Knowledge, *, latest: int) -> Iterator[Recording]:
    """The calls of the `latest` sessions, session by session, each in the order of its turns."""
    for session_id in _sessions(connection, latest):
        turns = [row.trace_id for row in traces.of_session(connection, session_id)]
        blocks = event_blocks.of_traces(connection, turns)
        for trace_id in turns:
            events = [event for block in blocks.get(trace_id, ()) for event in unpack(block)]
            recording = recording_of(trace_id, events, knowledge, session_id=session_id) if events else None
            if recording is not None:
                yield recording


def _sessions(connection: Connection, latest: int) -> list[str]:
    """The first begun first."""
    found: list[str] = []
    older_than: Key | None = None
    while len(found) < latest:
        page = sessions.page(connection, Filter(), older_than=older_than, limit=min(_PAGE, latest - len(found)))
        found += [row.session_id for row in page.rows]
        older_than = page.older
        if older_than is None:
            break
    return found[::-1]
