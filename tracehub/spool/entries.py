"""The form of a spool's files: a line that names it, then entries, each with its length and its checksum."""

import struct
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

MAGIC = b"tracehub spool 1\n"
SUFFIX = ".spool"
# The number of entries that belong to no call; calls count from 1.
NO_CALL = 0
# length of the data, checksum of all that follows, number of the call, microseconds since 1970 UTC, kind
_HEAD = struct.Struct("<IIQqB")
_CHECKED = struct.Struct("<QqB")
OVERHEAD = _HEAD.size


class Kind(IntEnum):
    """What an entry tells of its call: that it began, how AWS answered, bytes of the answer, how it ended, that more
    was lost. Two may be of no call, which is 0: USED names a key that was used, and LOST then tells of how many calls
    not all could be kept."""

    OPENED = 1
    ANSWERED = 2
    BYTES = 3
    CLOSED = 4
    LOST = 5
    USED = 6


_KINDS = frozenset(Kind)


class Entry(NamedTuple):
    """One entry; `at` is in microseconds since 1970 UTC."""

    call: int
    kind: Kind
    at: int
    data: bytes


class Segment(NamedTuple):
    """What a file holds from a place on. `end` is where the next entry will begin; `torn` tells that bytes follow there
    that are no whole entry: one that is being written, or one that a crash cut off."""

    entries: list[Entry]
    end: int
    torn: bool


def encode(call: int, kind: Kind, at: int, data: bytes) -> bytes:
    """One entry."""
    checked = _CHECKED.pack(call, at, kind)
    return _HEAD.pack(len(data), crc32(data, crc32(checked)), call, at, kind) + data


def read(file: Path, start: int, most_bytes: int) -> Segment:
    """The entries from `start` on, about `most_bytes` of them and at least one; OSError where it cannot be read."""
    with file.open("rb") as opened:
        place = max(start, len(MAGIC))
        opened.seek(place)
        entries: list[Entry] = []
        taken = 0
        while taken < most_bytes:
            head = opened.read(OVERHEAD)
            if len(head) < OVERHEAD:
                return Segment(entries, place + taken, bool(head))
            length, checksum, call, at, kind = _HEAD.unpack(head)
            data = opened.read(length)
            whole = len(data) == length and crc32(data, crc32(head[8:])) == checksum
            if not whole or kind not in _KINDS:
                return Segment(entries, place + taken, True)
            entries.append(Entry(call, Kind(kind), at, data))
            taken += OVERHEAD + length
        return Segment(entries, place + taken, False)
