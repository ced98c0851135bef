"""Where the decoding of each log stream stands, and which of its events were taken."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection, delete, select, update

from tracehub.errors import StaleError
from tracehub.model.collected import LogStream
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert, upsert
from tracehub.store.schema import DEFAULT_PROJECT, log_seen, log_streams
from tracehub.store.text import clean

ID_BYTES = 16
MINUTE_MS = 60_000


class Sitting(msgspec.Struct, frozen=True, kw_only=True):
    """A stream between two sittings of decoding. `version` 0 means that it was never fed.

    `last_timestamp` (milliseconds) is the last event's; `holds` tells whether something waits for more; `fed_at` is
    microseconds since 1970 UTC; `source` the declared source that reads it, empty for pushed logs.
    """

    stream: LogStream
    version: int = 0
    last_timestamp: int = 0
    holds: bool = False
    fed_at: int = 0
    source: str = ""
    state: bytes = b""


def id_of(stream: LogStream) -> str:
    """32 hex digits that name a stream."""
    return blake2b("\0".join((stream.account, stream.group, stream.stream)).encode(), digest_size=16).hexdigest()


def mark_of(event_id: str) -> bytes:
    """What is kept of an event's id."""
    return blake2b(event_id.encode(), digest_size=ID_BYTES).digest()


def load(
    connection: Connection, streams: Iterable[LogStream], *, project: str = DEFAULT_PROJECT
) -> dict[LogStream, Sitting]:
    """Where these streams stand."""
    found = {stream: Sitting(stream=stream) for stream in streams}
    for ids in in_chunks([id_of(stream) for stream in found]):
        query = select(log_streams).where(log_streams.c.project_id == project, log_streams.c.stream_id.in_(ids))
        for row in connection.execute(query):
            sitting = _sitting(row)
            found[sitting.stream] = sitting
    return found


def holding(
    connection: Connection, fed_before: int, limit: int, *, project: str = DEFAULT_PROJECT
) -> tuple[Sitting, ...]:
    """Streams in which something waits and that were not fed since, the longest first."""
    query = (
        select(log_streams)
        .where(log_streams.c.project_id == project, log_streams.c.holds.is_(True), log_streams.c.fed_at < fed_before)
        .order_by(log_streams.c.fed_at)
        .limit(limit)
    )
    return tuple(_sitting(row) for row in connection.execute(query))


def advance(connection: Connection, sitting: Sitting, *, project: str = DEFAULT_PROJECT) -> None:
    """Writes a stream's new state over version `sitting.version`; StaleError where another was faster."""
    stream = sitting.stream
    values = {
        "last_timestamp": sitting.last_timestamp,
        "holds": sitting.holds,
        "fed_at": sitting.fed_at,
        "source": clean(sitting.source, 100),
        "state": sitting.state,
        "version": sitting.version + 1,
    }
    key = {"project_id": project, "stream_id": id_of(stream)}
    if sitting.version:
        this = (
            *(log_streams.c[name] == value for name, value in key.items()),
            log_streams.c.version == sitting.version,
        )
        done = connection.execute(update(log_streams).where(*this).values(values)).rowcount == 1
    else:
        named = {"account": stream.account, "log_group": stream.group, "log_stream": stream.stream}
        statement = insert(connection, log_streams).values({**key, **named, **values})
        missing = statement.on_conflict_do_nothing().returning(log_streams.c.version)
        done = connection.execute(missing).first() is not None
    if not done:
        msg = f"another process has read the log stream {stream.group} {stream.stream} meanwhile"
        raise StaleError(msg)


def seen(
    connection: Connection,
    streams: Sequence[LogStream],
    first_ms: int,
    last_ms: int,
    *,
    project: str = DEFAULT_PROJECT,
) -> dict[LogStream, dict[int, bytes]]:
    """The marks of the taken events of these streams in the minutes from `first_ms` to `last_ms`, by minute."""
    by_id = {id_of(stream): stream for stream in streams}
    query = select(log_seen.c.stream_id, log_seen.c.minute, log_seen.c.ids).where(
        log_seen.c.project_id == project,
        log_seen.c.minute.between(first_ms // MINUTE_MS, last_ms // MINUTE_MS),
    )
    found: dict[LogStream, dict[int, bytes]] = {}
    for ids in in_chunks(by_id):
        for row in connection.execute(query.where(log_seen.c.stream_id.in_(ids))):
            found.setdefault(by_id[row.stream_id], {})[row.minute] = row.ids
    return found


def mark(
    connection: Connection, stream: LogStream, marks: Mapping[int, bytes], *, project: str = DEFAULT_PROJECT
) -> None:
    """Writes all marks of these minutes; call it after `advance`, which keeps others out."""
    key = {"project_id": project, "stream_id": id_of(stream)}
    upsert(connection, log_seen, [{**key, "minute": minute, "ids": ids} for minute, ids in marks.items()])


def forget_marks(connection: Connection, before_ms: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets the events before that time, which no sweep asks for any more."""
    connection.execute(
        delete(log_seen).where(log_seen.c.project_id == project, log_seen.c.minute < before_ms // MINUTE_MS)
    )


def unlearn(connection: Connection, source: str, since_ms: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Makes the streams of a source as if nothing since then had been read."""
    ids = select(log_streams.c.stream_id).where(log_streams.c.project_id == project, log_streams.c.source == source)
    of_these = (log_seen.c.project_id == project, log_seen.c.stream_id.in_(ids))
    connection.execute(delete(log_seen).where(*of_these, log_seen.c.minute >= since_ms // MINUTE_MS))
    connection.execute(
        update(log_streams)
        .where(log_streams.c.project_id == project, log_streams.c.source == source)
        .values(version=log_streams.c.version + 1, last_timestamp=0, holds=False, state=b"")
    )


def _sitting(row: object) -> Sitting:
    return Sitting(
        stream=LogStream(row.account, row.log_group, row.log_stream),  # type: ignore[attr-defined]
        **{name: getattr(row, name) for name in ("version", "last_timestamp", "holds", "fed_at", "source", "state")},
    )
