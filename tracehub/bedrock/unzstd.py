"""Decompresses zstd of any number of frames, a bounded piece at a time."""

from collections.abc import Iterator

import zstandard

from tracehub.errors import UndecodableError

# A block of 128 KiB may stand in 4 bytes, so few bytes at a time bound what comes out at once.
_SLICE = 256
_LARGEST_WINDOW = 64 * 1024 * 1024


class Unzstd:
    """Feed it chunks of any size, then close it."""

    def __init__(self) -> None:
        self._frame = self._new_frame()
        self._inside = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds; zstandard.ZstdError where it is damaged."""
        for start in range(0, len(data), _SLICE):
            rest = data[start : start + _SLICE]
            while rest:
                self._inside = True
                piece = self._frame.decompress(rest)
                rest = self._frame.unused_data if self._frame.eof else b""
                if self._frame.eof:
                    self._frame = self._new_frame()
                    self._inside = False
                if piece:
                    yield piece

    def close(self) -> None:
        """UndecodableError where a frame is cut off."""
        if self._inside:
            msg = "the compressed data is cut off"
            raise UndecodableError(msg)

    def _new_frame(self) -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()
