"""Packs a trace's events into one compressed block, as the store keeps them: prompts repeat, so neighbours shrink."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import zstandard

from tracehub.bedrock.events import parse_event
from tracehub.errors import UndecodableError
from tracehub.model.record import Event, EventKind

_LEVEL = 3
_LARGEST_BLOCK = 1024 * 1024 * 1024
_LARGEST_WINDOW = 8 * 1024 * 1024


class _Row(msgspec.Struct, frozen=True, array_like=True):
    event_id: str
    kind: EventKind
    run_id: str | None
    trace_id: str
    index: int
    raw: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[_Row])


class _Codecs(threading.local):
    """Contexts are worth keeping, but two threads must not share one."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)


_CODECS = _Codecs()


def pack(events: Sequence[Event]) -> bytes:
    """The events in their order as one block; `body` is left out, for `raw` says the same."""
    rows = [_Row(event.event_id, event.kind, event.run_id, event.trace_id, event.index, event.raw) for event in events]
    return _CODECS.compressor.compress(_ENCODER.encode(rows))


def unpack(data: bytes) -> tuple[Event, ...]:
    """The events of a block, equal to those packed; UndecodableError where the block is damaged."""
    return tuple(
        parse_event(row.kind, row.event_id, row.run_id, row.trace_id, row.index, row.raw) for row in _rows(data)
    )


def unpack_raw(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each event's id and bytes, unparsed; UndecodableError where the block is damaged."""
    return ((row.event_id, row.raw) for row in _rows(data))


def unpack_listed(data: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    """Each event's place in its stream, id, kind and bytes, unparsed; UndecodableError where the block is damaged."""
    return ((row.index, row.event_id, row.kind, row.raw) for row in _rows(data))


def _rows(data: bytes) -> list[_Row]:
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= _LARGEST_BLOCK:
            msg = f"an event block of {size} bytes is none that tracehub wrote"
            raise UndecodableError(msg)
        return _DECODER.decode(_CODECS.decompressor.decompress(data))
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"an event block is damaged: {error}"
        raise UndecodableError(msg) from error
