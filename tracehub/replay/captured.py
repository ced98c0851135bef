"""Reads recordings from a file of any form that `tracehub import` reads."""

import struct
from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.compression import plain_chunks
from tracehub.bedrock.decode import decode_chunks
from tracehub.bedrock.envelopes.frames import is_event_stream
from tracehub.bedrock.envelopes.stream_message import read_stream_message
from tracehub.bedrock.eventstream import BadFrame, Frame, FrameDecoder
from tracehub.bedrock.found import Findings
from tracehub.model.record import Event, Limits
from tracehub.replay.recorded_call import recording_of
from tracehub.replay.recording import RecordedFrame, Recording
from tracehub.replay.timing import offsets

_SNIFFED = 64 * 1024
_LENGTH = struct.Struct(">I")


class Captured(msgspec.Struct, frozen=True):
    """The recordings of a file in the order they begin there, and why each piece that is left out could not be read."""

    recordings: tuple[Recording, ...]
    unreadable: tuple[str, ...]


def captured(chunks: Iterable[bytes], source: str, limits: Limits, knowledge: Knowledge) -> Captured:
    """All calls in `chunks`, held in memory. Never raises on content.

    A binary stream is one call, whose frames are kept byte for byte.
    """
    damage: list[str] = []
    plain = plain_chunks(chunks, limits, damage.append)
    head = b""
    for chunk in plain:
        head += chunk
        if len(head) >= _SNIFFED:
            break
    data = b"".join([head, *plain]) if is_event_stream(head) else None
    parts: Iterable[bytes] = chain([head], plain) if data is None else (data,)
    calls: dict[str, list[Event]] = {}
    unreadable: list[str] = []
    for decoded in decode_chunks(parts, source=source, received_at=0, limits=limits):
        unreadable += [piece.reason for piece in decoded.quarantined]
        for event in decoded.events:
            calls.setdefault(event.trace_id, []).append(event)
    frames = None if data is None else tuple(_frames(data, limits))
    made = [recording_of(trace_id, events, knowledge, frames=frames) for trace_id, events in calls.items()]
    return Captured(tuple(recording for recording in made if recording), (*damage, *unreadable))


def _frames(data: bytes, limits: Limits) -> Iterator[RecordedFrame]:
    """The whole frames of a binary stream as they were; `:event-type` or `:exception-type` says what they are."""
    decoder = FrameDecoder()
    whole: list[tuple[Frame, bytes]] = []
    place = 0
    for frame in (*decoder.feed(data), *decoder.close()):
        size = len(frame.data) if isinstance(frame, BadFrame) else _LENGTH.unpack_from(data, place)[0]
        if isinstance(frame, Frame):
            whole.append((frame, data[place : place + size]))
        place += size
    times = [_time(frame, limits) for frame, _ in whole]
    for (frame, raw), offset in zip(whole, offsets(times, None), strict=True):
        name = frame.headers.get(":event-type") or frame.headers.get(":exception-type") or ""
        yield RecordedFrame(offset, str(name), raw)


def _time(frame: Frame, limits: Limits) -> int | None:
    message = read_stream_message(frame.headers, frame.payload, b"", Findings(limits))
    return message.part.event_time if message and message.part else None
