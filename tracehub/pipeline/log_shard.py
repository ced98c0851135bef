"""One log group's way in: its events, its position and its counts in one transaction, under one claim."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.collectors.cloudwatch.logs import Position
from tracehub.model.collected import LogEvent, LogStream
from tracehub.model.listing import Counts
from tracehub.pipeline.claims import Claim
from tracehub.pipeline.log_intake import LogIntake
from tracehub.store import shards, sources
from tracehub.store.database import Database


class LogShard:
    """What a collector of CloudWatch Logs hands events to, for one group of one source."""

    def __init__(self, database: Database, intake: LogIntake, claim: Claim, clock: Callable[[], int]) -> None:
        self._database = database
        self._intake = intake
        self._claim = claim
        self._clock = clock

    def position(self) -> Position | None:
        """Where the last reader stopped; None where nothing was read yet, or what it wrote cannot be read."""
        with self._database.reading() as connection:
            written = shards.position(connection, self._claim.source, self._claim.shard)
        try:
            return msgspec.json.decode(written, type=Position) if written else None
        except msgspec.DecodeError:
            return None

    def begin(self) -> int | None:
        """The time from which a person asked to collect again; None where the source's own `since` counts."""
        with self._database.reading() as connection:
            return sources.one(connection, self._claim.source).collect_from

    def take(self, found: Mapping[LogStream, Sequence[LogEvent]], position: Position) -> Counts:
        """Stores what is new and moves the position in the same transaction; returns when that is durable.

        LeaseLostError where another process reads the group by now.
        """
        newest = max((event.timestamp * 1000 for events in found.values() for event in events), default=None)
        written = msgspec.json.encode(position).decode()

        def also(connection: Connection, counts: Counts) -> None:
            now = self._clock()
            sources.count(connection, self._claim.source, counts, newest_at=newest, now=now)
            self._claim.check(connection)
            shards.move(connection, self._claim.source, self._claim.shard, written, now=now)

        label = f"cloudwatch {self._claim.source} {self._claim.shard}"
        return self._intake.take(found, label=label, source=self._claim.source, also=also)
