"""Reads and writes application/vnd.amazon.eventstream frames, the binary form of a response stream."""

import struct
from collections.abc import Mapping
from zlib import crc32

import msgspec

from tracehub.bedrock.eventstream_headers import HeaderValue, decode_headers, encode_headers
from tracehub.errors import UndecodableError

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_OVERHEAD = 16
_MAX_HEADERS = 128 * 1024
# The format's own bound on a message is 24 MiB, its headers included.
MAX_FRAME = 24 * 1024 * 1024
# How much of what belongs to no frame is told as one bad frame.
_MAX_LOST = 1024 * 1024


class Frame(msgspec.Struct, frozen=True):
    """A whole message with both checksums right."""

    headers: dict[str, HeaderValue]
    payload: bytes


class BadFrame(msgspec.Struct, frozen=True):
    """Bytes that are no message, and why."""

    reason: str
    data: bytes


def is_frame_start(data: bytes) -> bool:
    """Whether `data` begins with a prelude whose checksum is right."""
    return len(data) >= _PRELUDE.size and _valid_prelude(data, 0) is not None


def encode_frame(headers: Mapping[str, HeaderValue], payload: bytes) -> bytes:
    """One message; ValueError where it is larger than the format allows."""
    encoded = encode_headers(headers)
    total = _OVERHEAD + len(encoded) + len(payload)
    if len(encoded) > _MAX_HEADERS or total > MAX_FRAME:
        msg = "the message is larger than the event stream format allows"
        raise ValueError(msg)
    start = struct.pack(">II", total, len(encoded))
    message = start + _CRC.pack(crc32(start)) + encoded + payload
    return message + _CRC.pack(crc32(message))


class FrameDecoder:
    """Splits bytes that come in pieces of any size into frames. Never raises; holds at most one frame and one piece.

    After a wrong message checksum it goes on behind that message, as the prelude's length is certain; after a wrong
    prelude at the next prelude whose checksum is right. Every byte fed comes out in a Frame or a BadFrame.
    """

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._held = bytearray()
        self._lost = bytearray()
        self._needed = 0

    @property
    def held(self) -> bytes:
        """What was fed and has not come out yet: fed to another decoder, it goes on from here."""
        return bytes(self._lost + self._held)

    def feed(self, data: bytes) -> list[Frame | BadFrame]:
        """The frames that are complete now, in order."""
        self._held += data
        if len(self._held) < self._needed:
            return []
        self._needed = 0
        out: list[Frame | BadFrame] = []
        held = bytes(self._held)
        place = 0
        while place + _PRELUDE.size <= len(held):
            prelude = _valid_prelude(held, place)
            if prelude is None or prelude[0] > self._max_frame:
                place = self._lose(held, place, out)
                continue
            if place + prelude[0] > len(held):
                self._needed = prelude[0]
                break
            self._tell_lost(out)
            out.append(_frame(held[place : place + prelude[0]], prelude[1]))
            place += prelude[0]
        del self._held[:place]
        return out

    def close(self) -> list[BadFrame]:
        """What never became a frame: the stream was cut."""
        out: list[Frame | BadFrame] = []
        self._needed = 0
        if self._lost:
            self._lost += self._held
            self._held.clear()
            self._tell_lost(out)
        if self._held:
            out.append(BadFrame("the stream ends in the middle of a frame", bytes(self._held)))
            self._held.clear()
        return [bad for bad in out if isinstance(bad, BadFrame)]

    def _lose(self, held: bytes, place: int, out: list[Frame | BadFrame]) -> int:
        """The place of the next valid prelude; what lies before it is lost."""
        end = len(held) - _PRELUDE.size + 1
        found = next((at for at in range(place + 1, end) if _could_start(held, at) and _valid_prelude(held, at)), end)
        self._lost += held[place:found]
        if len(self._lost) > _MAX_LOST:
            self._tell_lost(out)
        return found

    def _tell_lost(self, out: list[Frame | BadFrame]) -> None:
        if self._lost:
            out.append(BadFrame("the prelude checksum of a frame is wrong", bytes(self._lost)))
            self._lost.clear()


def _could_start(held: bytes, place: int) -> bool:
    """Cheaper than a checksum: lengths within the format's bounds begin with a byte of at most 1, and then 0."""
    return held[place] <= 1 and held[place + 4] == 0


def _valid_prelude(held: bytes, place: int) -> tuple[int, int] | None:
    total, headers, checksum = _PRELUDE.unpack_from(held, place)
    if not _OVERHEAD + headers <= total <= MAX_FRAME or headers > _MAX_HEADERS:
        return None
    return (total, headers) if crc32(held[place : place + 8]) == checksum else None


def _frame(message: bytes, headers_length: int) -> Frame | BadFrame:
    if crc32(message[:-4]) != _CRC.unpack_from(message, len(message) - 4)[0]:
        return BadFrame("the message checksum of a frame is wrong", message)
    end = _PRELUDE.size + headers_length
    try:
        headers = decode_headers(message[_PRELUDE.size : end])
    except UndecodableError as error:
        return BadFrame(str(error), message)
    return Frame(headers, message[end:-4])
