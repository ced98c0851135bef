"""Decompresses gzip of any number of members, a bounded piece at a time."""

import zlib
from collections.abc import Iterator

from tracehub.errors import UndecodableError

PIECE = 256 * 1024
_WITH_GZIP_HEADER = 31
_MAGIC = b"\x1f\x8b"


class Gunzip:
    """Feed it chunks of any size, then close it."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        self._before = b""
        self._began = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces of at most PIECE bytes; zlib.error or UndecodableError where it is damaged."""
        while data:
            if self._member.eof:
                data = self._next_member(data)
                continue
            self._began = True
            member = self._member
            piece = member.decompress(data, PIECE)
            data = member.unconsumed_tail or member.unused_data
            if piece:
                yield piece

    def close(self) -> None:
        """UndecodableError where a member is cut off."""
        if self._before or (self._began and not self._member.eof):
            msg = "the compressed data is cut off"
            raise UndecodableError(msg)

    def _next_member(self, data: bytes) -> bytes:
        """Begins the next member; zeros between members are padding."""
        data = self._before + data if self._before else data.lstrip(b"\0")
        if len(data) < len(_MAGIC):
            self._before = data
            return b""
        self._before = b""
        if not data.startswith(_MAGIC):
            msg = "something follows the compressed data"
            raise UndecodableError(msg)
        self._member = zlib.decompressobj(_WITH_GZIP_HEADER)
        return data
