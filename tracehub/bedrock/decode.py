"""Turns bytes of any envelope into events."""

from collections.abc import Iterable, Iterator

from tracehub.bedrock.batches import Batches
from tracehub.bedrock.compression import plain_chunks
from tracehub.bedrock.correlate import Correlator
from tracehub.bedrock.envelopes.frames import is_event_stream, read_frames
from tracehub.bedrock.envelopes.lines import read_text
from tracehub.bedrock.eventstream import FrameDecoder
from tracehub.bedrock.found import Findings
from tracehub.bedrock.text_encoding import as_utf8
from tracehub.model.record import Decoded, Limits, Record


def decode(record: Record, limits: Limits) -> Decoded:
    """All that `record` holds, whatever its envelope, gzip and zstd too.

    Never raises on content: what looks like a trace and cannot be read is quarantined with its reason.
    """
    findings = Findings(limits)
    damage: list[str] = []
    data = b"".join(plain_chunks([record.data], limits, damage.append, most=limits.max_document_bytes))
    for reason in damage:
        findings.quarantine(reason, record.data)
    if is_event_stream(data):
        decoder = FrameDecoder()
        read_frames([*decoder.feed(data), *decoder.close()], findings)
    else:
        read_text(as_utf8(data), findings, final=True)
    correlator = Correlator()
    events = correlator.events(findings.items)
    return findings.decoded(events + correlator.close())


def decode_chunks(chunks: Iterable[bytes], *, source: str, received_at: int, limits: Limits) -> Iterator[Decoded]:
    """The same for a source too long to hold, which comes as chunks of any size: one Decoded for about every 2 MiB.

    All of them together hold what decode() finds in the whole. A line, and a document over several lines, is held
    whole, up to `max_document_bytes`; only a source in UTF-16 is held whole as such. `received_at` is the record's.
    """
    del received_at
    yield from Batches(source, limits).decode(chunks)
