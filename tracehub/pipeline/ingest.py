"""A record's way in: decode, hand to the writer, answer when durable."""

from collections.abc import Iterable, Iterator, Sequence

from tracehub.bedrock.decode import decode, decode_chunks
from tracehub.model.listing import Counts
from tracehub.model.record import Limits, Record
from tracehub.pipeline.batch import Arrival
from tracehub.pipeline.counting import total
from tracehub.pipeline.writer import Writer

# How many decoded pieces of one long source may be on their way to the database at once.
AHEAD = 4


class Ingest:
    """Takes records from any source. Every method returns, or yields, only what is durable."""

    def __init__(self, writer: Writer, limits: Limits) -> None:
        self._writer = writer
        self._limits = limits

    def handle(self, records: Sequence[Record]) -> Counts:
        """Stores `records`; OverloadedError and StoreUnavailableError mean that nothing is known to be stored."""
        writes = [
            self._writer.write(Arrival(decode(record, self._limits), record.source, record.received_at))
            for record in records
        ]
        return total(write.result() for write in writes)

    def handle_chunks(self, chunks: Iterable[bytes], *, source: str, received_at: int) -> Iterator[Counts]:
        """Stores a source too long to hold, bit by bit; yields the counts of each bit as it becomes durable."""
        writes = []
        for decoded in decode_chunks(chunks, source=source, received_at=received_at, limits=self._limits):
            writes.append(self._writer.write(Arrival(decoded, source, received_at)))
            if len(writes) >= AHEAD:
                yield writes.pop(0).result()
        for write in writes:
            yield write.result()
