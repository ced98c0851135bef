"""Asks AWS for the trace of a call whose caller did not, and keeps that trace from the caller."""

from zlib import crc32

import msgspec

from tracehub.bedrock.eventstream import MAX_FRAME

_PRELUDE = 12
_LEAST = 16
_TRACE = b"\x0b:event-type\x07\x00\x05trace"
_MEMBER = "enableTrace"


def forced(body: bytes) -> bytes | None:
    """The body with `enableTrace` on and all else as it was; None where it is on already or the body unreadable."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if bytes(members.get(_MEMBER, b"")).strip() == b"true":
        return None
    return msgspec.json.encode({**members, _MEMBER: True})


class TraceFilter:
    """Leaves the trace out of a response stream. A frame goes on when it is whole; frames go on as they came.

    What is no stream of frames (any more) goes through untouched.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._is_broken = False

    def feed(self, data: bytes) -> bytes:
        """What the caller gets of all that came so far and was not given yet."""
        if self._is_broken:
            return data
        self._held += data
        out = bytearray()
        place = 0
        while len(self._held) - place >= _PRELUDE:
            total = int.from_bytes(self._held[place : place + 4], "big")
            if not _is_prelude(self._held[place : place + _PRELUDE], total):
                self._is_broken = True
                out += self._held[place:]
                place = len(self._held)
                break
            if len(self._held) - place < total:
                break
            frame = self._held[place : place + total]
            if _TRACE not in frame[_PRELUDE : _PRELUDE + int.from_bytes(frame[4:8], "big")]:
                out += frame
            place += total
        del self._held[:place]
        return bytes(out)

    def close(self) -> bytes:
        """What is left when the stream has ended: a frame that never became whole."""
        held, self._held = bytes(self._held), bytearray()
        return held


def _is_prelude(prelude: bytearray, total: int) -> bool:
    return _LEAST <= total <= MAX_FRAME and crc32(prelude[:8]) == int.from_bytes(prelude[8:12], "big")
