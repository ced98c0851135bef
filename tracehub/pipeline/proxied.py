"""The way in of what went through the proxy."""

import socket
from collections.abc import Callable

from sqlalchemy import Connection

from tracehub.model.listing import Counts
from tracehub.pipeline.ingest import Ingest
from tracehub.pipeline.spool_drain import Found
from tracehub.store import proxy_keys, shards, sources

NAME = "Proxy"


class ProxiedIntake:
    """Counts it under a source of its own, which comes into being with the first call."""

    def __init__(self, ingest: Ingest, clock: Callable[[], int]) -> None:
        self._ingest = ingest
        self._clock = clock
        self._host = socket.gethostname()

    def take(self, found: Found) -> Counts:
        """Stores what was found, with the uses of keys and the losses."""
        now = self._clock()

        def also(connection: Connection, counts: Counts) -> None:
            if found.decoded.records or found.lost:
                sources.declare_pushed(connection, NAME, "proxy", now=now)
                sources.count(connection, NAME, counts, newest_at=None, now=now)
            if found.lost:
                self._tell_lost(connection, found.lost, now)
            proxy_keys.note_uses(connection, found.uses)

        return self._ingest.take_decoded(found.decoded, source=NAME, received_at=now, also=also)

    def _tell_lost(self, connection: Connection, lost: int, now: int) -> None:
        error = f"{lost} traced calls went through but were not kept whole: the spool had no room, or the disk failed"
        shards.tell(
            connection, NAME, self._host, state="following", read_until=None, waiting=None, error=error, now=now
        )
