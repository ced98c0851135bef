"""The way in of what went through the proxy."""

from collections.abc import Callable

from sqlalchemy import Connection

from tracehub.model.listing import Counts
from tracehub.model.record import Decoded
from tracehub.pipeline.ingest import Ingest
from tracehub.store import proxy_keys, sources

NAME = "Proxy"


class ProxiedIntake:
    """Counts it under a source of its own, which comes into being with the first call."""

    def __init__(self, ingest: Ingest, clock: Callable[[], int]) -> None:
        self._ingest = ingest
        self._clock = clock

    def take(self, decoded: Decoded, uses: dict[str, int]) -> Counts:
        """Stores what was decoded, and when each key was used last (microseconds since 1970 UTC)."""
        now = self._clock()

        def also(connection: Connection, counts: Counts) -> None:
            proxy_keys.note_uses(connection, uses)
            if decoded.records:
                sources.declare_pushed(connection, NAME, "proxy", now=now)
                sources.count(connection, NAME, counts, newest_at=None, now=now)

        return self._ingest.take_decoded(decoded, source=NAME, received_at=now, also=also)
