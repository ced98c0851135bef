"""The way in of log events, polled or pushed: each is taken once, in the order and the context of its stream."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog
from sqlalchemy import Connection

from tracehub.bedrock.log_stream import LogDecoder
from tracehub.errors import StaleError
from tracehub.model.collected import LogEvent, LogStream
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Limits
from tracehub.pipeline.batch import Arrival
from tracehub.pipeline.counting import total
from tracehub.pipeline.writer import Writer
from tracehub.store import log_streams
from tracehub.store.database import Database
from tracehub.store.log_streams import ID_BYTES, MINUTE_MS, Sitting

_log = structlog.get_logger(__name__)

Also = Callable[[Connection, Counts], None]
# Pushed and polled logs of one stream may be read side by side; each loser reads again what the winner left.
_TRIES = 20
_AT_ONCE = 100


class LogIntake:
    """Decodes what is new of each stream and writes it together with the stream's new state."""

    def __init__(self, database: Database, writer: Writer, limits: Limits, clock: Callable[[], int]) -> None:
        self._database = database
        self._writer = writer
        self._limits = limits
        self._clock = clock

    def take(
        self,
        found: Mapping[LogStream, Sequence[LogEvent]],
        *,
        label: str,
        source: str = "",
        also: Also | None = None,
    ) -> Counts:
        """Stores what is new in `found`, and what `also` writes, in one transaction; returns when they are durable.

        What was taken before is passed over. `label` names the origin in quarantine; `source` is the declared source.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return self._take(found, label, source, also)
            except StaleError:
                if attempt == _TRIES:
                    raise
        raise AssertionError

    def settle(self, fed_before: int) -> Counts:
        """Reads what waits in streams that were not fed since then, as nothing more seems to come."""
        counts = []
        while True:
            with self._database.reading() as connection:
                waiting = log_streams.holding(connection, fed_before, _AT_ONCE)
            for sitting in waiting:
                try:
                    counts.append(self._close(sitting))
                except StaleError:
                    _log.debug("a log stream goes on after all", log_group=sitting.stream.group)
            if len(waiting) < _AT_ONCE:
                return total(counts)

    def _take(
        self, found: Mapping[LogStream, Sequence[LogEvent]], label: str, source: str, also: Also | None
    ) -> Counts:
        now = self._clock()
        streams = sorted((stream for stream, events in found.items() if events), key=log_streams.id_of)
        times = [event.timestamp for events in found.values() for event in events]
        with self._database.reading() as connection:
            sittings = log_streams.load(connection, streams)
            marks = log_streams.seen(connection, streams, min(times), max(times)) if times else {}
        steps = []
        for stream in streams:
            news, seen = _news(found[stream], marks.get(stream, {}))
            if news:
                steps.append(self._step(sittings[stream], news, seen, source, now))

        def move(connection: Connection, counts: Counts) -> None:
            if also is not None:
                also(connection, counts)
            for step in steps:
                log_streams.advance(connection, step.sitting)
                log_streams.mark(connection, step.sitting.stream, step.marks)

        if not steps and also is None:
            return Counts()
        decoded = _joined([step.decoded for step in steps])
        return self._writer.write(Arrival(decoded, label, now, move, source or label)).result()

    def _step(
        self, sitting: Sitting, news: Sequence[LogEvent], marks: Mapping[int, bytes], source: str, now: int
    ) -> "_Step":
        """What comes later than all that was fed is fed on; what comes from before has no context any more."""
        late = [event.message for event in news if event.timestamp < sitting.last_timestamp]
        decoder = LogDecoder(self._limits, sitting.state)
        parts = [decoder.feed([event.message for event in news if event.timestamp >= sitting.last_timestamp])]
        if late:
            apart = LogDecoder(self._limits)
            parts += [apart.feed(late), apart.close()]
        moved = Sitting(
            stream=sitting.stream,
            version=sitting.version,
            last_timestamp=max(sitting.last_timestamp, news[-1].timestamp),
            holds=decoder.holds,
            fed_at=now,
            source=source or sitting.source,
            state=decoder.state(),
        )
        return _Step(moved, marks, _joined(parts))

    def _close(self, sitting: Sitting) -> Counts:
        decoder = LogDecoder(self._limits, sitting.state)
        decoded = decoder.close()
        closed = msgspec.structs.replace(sitting, holds=False, state=decoder.state())

        def move(connection: Connection, _counts: Counts) -> None:
            log_streams.advance(connection, closed)

        label = f"log {sitting.stream.group} {sitting.stream.stream}"
        return self._writer.write(Arrival(decoded, label, self._clock(), move)).result()


class _Step(msgspec.Struct, frozen=True):
    """A stream's next state, all marks of the minutes that have new ones, and what the new events held."""

    sitting: Sitting
    marks: Mapping[int, bytes]
    decoded: Decoded


def _news(events: Sequence[LogEvent], known: Mapping[int, bytes]) -> tuple[list[LogEvent], dict[int, bytes]]:
    """The events that were not taken yet, in the order of their stream, and the marks of their minutes."""
    seen = {minute: _split(ids) for minute, ids in known.items()}
    news = []
    changed = set()
    for event in sorted(events, key=lambda event: (event.timestamp, event.ingested or 0, event.event_id)):
        mark, minute = log_streams.mark_of(event.event_id), event.timestamp // MINUTE_MS
        of_minute = seen.setdefault(minute, set())
        if mark not in of_minute:
            of_minute.add(mark)
            changed.add(minute)
            news.append(event)
    return news, {minute: b"".join(seen[minute]) for minute in changed}


def _split(ids: bytes) -> set[bytes]:
    return {ids[place : place + ID_BYTES] for place in range(0, len(ids), ID_BYTES)}


def _joined(parts: Sequence[Decoded]) -> Decoded:
    if len(parts) == 1:
        return parts[0]
    return Decoded(
        records=sum(part.records for part in parts),
        events=tuple(event for part in parts for event in part.events),
        ignored=sum(part.ignored for part in parts),
        quarantined=tuple(piece for part in parts for piece in part.quarantined),
    )
