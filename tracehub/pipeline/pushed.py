"""Counts what is pushed under a source of its own, so that people see what still arrives."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from tracehub.model.listing import Counts
from tracehub.model.record import Quarantined, Record
from tracehub.pipeline.counting import total
from tracehub.pipeline.ingest import Ingest
from tracehub.store import sources


class PushedIntake:
    """The way in of records that come by themselves."""

    def __init__(self, ingest: Ingest, clock: Callable[[], int]) -> None:
        self._ingest = ingest
        self._clock = clock

    def take(self, records: Sequence[Record], name: str, kind: str, unreadable: Sequence[Quarantined] = ()) -> Counts:
        """Stores `records` and counts them for the source `name`, which comes into being with its first record.

        `unreadable` pieces go to quarantine.
        """

        def also(connection: Connection, counts: Counts) -> None:
            now = self._clock()
            sources.declare_pushed(connection, name, kind, now=now)
            sources.count(connection, name, counts, newest_at=None, now=now)

        counts = [self._ingest.handle(records, also)]
        if unreadable:
            counts.append(self._ingest.set_aside(unreadable, source=name, received_at=self._clock(), also=also))
        return total(counts)
