"""Keeps what the proxy sees of one call in the spool, beside the call's own way."""

from collections.abc import Sequence

import msgspec

from tracehub.bedrock.captured_call import Answered, Closed, Opened
from tracehub.spool.entries import Kind
from tracehub.spool.writer import SpoolWriter


class Capture:
    """One call. Nothing here raises or waits; what the spool refuses is lost, and the spool counts it."""

    def __init__(self, spool: SpoolWriter, number: int, opened: Opened, at: int) -> None:
        self._spool = spool
        self._number = number
        self._add(Kind.OPENED, at, msgspec.json.encode(opened))

    def answered(self, status: int, headers: Sequence[tuple[bytes, bytes]], at: int) -> None:
        """AWS's answer begins."""
        told = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
        self._add(Kind.ANSWERED, at, msgspec.json.encode(Answered(status=status, headers=told)))

    def data(self, data: bytes, at: int) -> None:
        """Bytes of the answer, as AWS sent them."""
        self._add(Kind.BYTES, at, data)

    def close(self, closed: Closed, at: int) -> None:
        """The call is over."""
        self._add(Kind.CLOSED, at, msgspec.json.encode(closed))

    def _add(self, kind: Kind, at: int, data: bytes) -> None:
        self._spool.add(self._number, kind, at, data)
