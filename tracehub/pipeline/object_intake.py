"""The way in of S3 objects: each version is read once, whole, however often it is found."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from tracehub.bedrock.decode import decode_chunks
from tracehub.model.collected import ObjectVersion
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Limits, quarantined
from tracehub.pipeline.batch import Arrival
from tracehub.pipeline.claims import Claim
from tracehub.pipeline.counting import total
from tracehub.pipeline.writer import Writer
from tracehub.store import s3_objects, sources
from tracehub.store.database import Database
from tracehub.store.s3_objects import ObjectState

# Decoded pieces of one object on their way to the database.
AHEAD = 4


class ObjectIntake:
    """What a collector of S3 hands objects to, for one shard of one source."""

    def __init__(
        self, database: Database, writer: Writer, limits: Limits, claim: Claim, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._writer = writer
        self._limits = limits
        self._claim = claim
        self._clock = clock

    def unread(self, found: Sequence[ObjectVersion]) -> list[ObjectVersion]:
        """Those of `found` that are neither stored nor given up."""
        ids = {s3_objects.id_of(version): version for version in found}
        with self._database.reading() as connection:
            done = s3_objects.done(connection, list(ids))
        return [version for name, version in ids.items() if name not in done]

    def read(self, version: ObjectVersion, chunks: Iterable[bytes]) -> Counts:
        """Decodes and stores the object; returns when it is durable and marked as read.

        What `chunks` raises passes through, and then the object counts as unread: what was stored of it by then is
        known again when it is read anew.
        """
        label = f"s3 s3://{version.bucket}/{version.key} {version.version}"
        now = self._clock()
        writes = []
        counts = []
        for decoded in decode_chunks(chunks, source=label, received_at=now, limits=self._limits):
            writes.append(self._writer.write(Arrival(decoded, label, now, self._counted, self._claim.source)))
            if len(writes) >= AHEAD:
                counts.append(writes.pop(0).result())
        counts += [write.result() for write in writes]
        self._note(version, "read", None)
        return total(counts)

    def failed(self, version: ObjectVersion, reason: str) -> int:
        """Notes that reading failed; how often it has by now."""
        return self._note(version, "failed", reason)

    def give_up(self, version: ObjectVersion, reason: str) -> None:
        """Not tried again until a person asks."""
        self._note(version, "given_up", reason)

    def superseded(self, version: ObjectVersion) -> None:
        """It is deleted or overwritten: noted, and not tried again."""
        self._note(version, "superseded", None)

    def set_aside(self, data: bytes, reason: str) -> None:
        """Keeps a message that cannot be understood in quarantine; returns when durable."""
        piece = quarantined(reason, data, self._limits.quarantine_bytes)
        decoded = Decoded(records=1, events=(), ignored=0, quarantined=(piece,))
        self._writer.write(
            Arrival(decoded, f"s3 {self._claim.source}", self._clock(), self._counted, self._claim.source)
        ).result()

    def _counted(self, connection: Connection, counts: Counts) -> None:
        sources.count(connection, self._claim.source, counts, newest_at=None, now=self._clock())
        self._claim.check(connection)

    def _note(self, version: ObjectVersion, state: ObjectState, error: str | None) -> int:
        with self._database.writing() as connection:
            now = self._clock()
            if state == "read":
                sources.count(connection, self._claim.source, Counts(), newest_at=version.modified_at, now=now)
            self._claim.check(connection)
            return s3_objects.note(connection, self._claim.source, version, state, error=error, now=now)
