"""A record's way in: decode, hand to the writer, answer when durable."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future

from sqlalchemy import Connection

from tracehub.bedrock.decode import decode, decode_chunks
from tracehub.bedrock.subscription import read_deliveries
from tracehub.model.collected import LogEvent, LogStream
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Limits, Quarantined, Record
from tracehub.pipeline.batch import Arrival
from tracehub.pipeline.counting import total
from tracehub.pipeline.log_intake import LogIntake
from tracehub.pipeline.writer import Writer

# How many decoded pieces of one long source may be on their way to the database at once.
AHEAD = 4

Also = Callable[[Connection, Counts], None]


class Ingest:
    """Takes records from any source. Every method returns, or yields, only what is durable."""

    def __init__(self, writer: Writer, logs: LogIntake, limits: Limits) -> None:
        self._writer = writer
        self._logs = logs
        self._limits = limits

    def handle(self, records: Sequence[Record], also: Also | None = None) -> Counts:
        """Stores `records`; OverloadedError and StoreUnavailableError mean that nothing is known to be stored.

        What a subscription of CloudWatch Logs delivered goes the way of log events, so that it is known again when it
        is delivered twice or polled too. `also` writes in each transaction, and hears what became of its records.
        """
        logs: dict[LogStream, list[LogEvent]] = {}
        writes: list[Future[Counts]] = []
        for record in records:
            deliveries = read_deliveries(record.data, self._limits)
            if deliveries is None:
                writes.append(self._write(decode(record, self._limits), record.source, record.received_at, also))
            for delivery in deliveries or ():
                logs.setdefault(delivery.stream, []).extend(delivery.events)
        counts = [self._logs.take(logs, label=records[0].source, also=also)] if logs else []
        return total([*counts, *(write.result() for write in writes)])

    def set_aside(
        self, pieces: Sequence[Quarantined], *, source: str, received_at: int, also: Also | None = None
    ) -> Counts:
        """Puts into quarantine what could not even be unwrapped."""
        decoded = Decoded(records=len(pieces), events=(), ignored=0, quarantined=tuple(pieces))
        return self.take_decoded(decoded, source=source, received_at=received_at, also=also)

    def take_decoded(self, decoded: Decoded, *, source: str, received_at: int, also: Also | None = None) -> Counts:
        """Stores what is decoded already."""
        return self._write(decoded, source, received_at, also).result()

    def handle_chunks(self, chunks: Iterable[bytes], *, source: str, received_at: int) -> Iterator[Counts]:
        """Stores a source too long to hold, bit by bit; yields the counts of each bit as it becomes durable."""
        writes = []
        for decoded in decode_chunks(chunks, source=source, received_at=received_at, limits=self._limits):
            writes.append(self._write(decoded, source, received_at, None))
            if len(writes) >= AHEAD:
                yield writes.pop(0).result()
        for write in writes:
            yield write.result()

    def _write(self, decoded: Decoded, source: str, received_at: int, also: Also | None) -> Future[Counts]:
        return self._writer.write(Arrival(decoded, source, received_at, also, source))
