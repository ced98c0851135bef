"""Decodes a long source batch by batch."""

from collections.abc import Iterable, Iterator
from itertools import chain

from tracehub.bedrock.compression import plain_chunks
from tracehub.bedrock.correlate import Correlator
from tracehub.bedrock.envelopes.frames import is_event_stream, read_frames
from tracehub.bedrock.envelopes.lines import read_text
from tracehub.bedrock.eventstream import FrameDecoder
from tracehub.bedrock.found import Findings
from tracehub.bedrock.oversize import Oversize
from tracehub.bedrock.text_encoding import as_utf8, is_utf16
from tracehub.model.record import Decoded, Event, Limits

_BATCH = 2 * 1024 * 1024
_SLICE = 512 * 1024
_SNIFFED = 64 * 1024


class Batches:
    """One source's decoding: what is found in it since the last batch, and what earlier messages told."""

    def __init__(self, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._findings = Findings(limits)
        self._correlator = Correlator()

    def decode(self, chunks: Iterable[bytes]) -> Iterator[Decoded]:
        """A Decoded for about every 2 MiB without compression, and one for the rest."""
        slices = _slices(plain_chunks(chunks, self._limits, self._tell_damage))
        head = bytearray()
        for piece in slices:
            head += piece
            if len(head) >= _SNIFFED:
                break
        if is_event_stream(bytes(head)):
            yield from self._frames(bytes(head), slices)
        elif is_utf16(bytes(head)):
            yield from self._text(b"", _slices([as_utf8(b"".join([head, *slices]))]))
        else:
            yield from self._text(as_utf8(bytes(head)), slices)
        yield self._batch(self._correlator.events(self._findings.items) + self._correlator.close())

    def _tell_damage(self, reason: str) -> None:
        # The compressed bytes are gone by; the source's name tells where to look.
        self._findings.quarantine(reason, f"{self._source}: {reason}".encode("utf-8", "replace"))

    def _frames(self, head: bytes, slices: Iterator[bytes]) -> Iterator[Decoded]:
        decoder = FrameDecoder()
        size = 0
        for piece in chain([head], slices):
            read_frames(decoder.feed(piece), self._findings)
            size += len(piece)
            if size >= _BATCH:
                size = 0
                yield self._batch(self._correlator.events(self._findings.items))
        read_frames(decoder.close(), self._findings)

    def _text(self, head: bytes, slices: Iterator[bytes]) -> Iterator[Decoded]:
        """An object that is not whole yet waits until twice as much has come, so that reading stays linear."""
        held = bytearray(head)
        enough = _BATCH
        oversize: Oversize | None = None
        for piece in slices:
            held += piece
            if oversize is not None and not oversize.ended:
                held = bytearray(oversize.skip(bytes(held)))
            if oversize is not None and oversize.ended:
                self._findings.quarantined.append(oversize.quarantined())
                oversize = None
            if len(held) < min(enough, self._limits.max_document_bytes):
                continue
            whole_lines = held.rfind(b"\n") + 1
            if whole_lines:
                del held[: read_text(bytes(held[:whole_lines]), self._findings, final=False)]
            enough = max(_BATCH, 2 * len(held))
            if len(held) > self._limits.max_document_bytes:
                oversize = Oversize(self._limits)
                held = bytearray(oversize.skip(bytes(held)))
            if self._findings.progress():
                yield self._batch(self._correlator.events(self._findings.items))
        if oversize is not None:
            self._findings.quarantined.append(oversize.quarantined())
        read_text(bytes(held), self._findings, final=True)

    def _batch(self, events: list[Event]) -> Decoded:
        decoded = self._findings.decoded(events)
        self._findings = Findings(self._limits)
        return decoded


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
