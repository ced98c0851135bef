"""Skips a document larger than is decoded, keeping its beginning and its digest."""

from hashlib import sha256

from tracehub.model.record import Limits, Quarantined


class Oversize:
    """What was skipped so far of one line that exceeds `max_document_bytes`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head = bytearray()
        self._size = 0
        self._digest = sha256()
        self.ended = False

    def skip(self, data: bytes) -> bytes:
        """Takes `data` up to the line's end; what follows it."""
        end = data.find(b"\n")
        self.ended = end >= 0
        skipped = data if end < 0 else data[: end + 1]
        self._head += skipped[: max(self._limits.quarantine_bytes - len(self._head), 0)]
        self._size += len(skipped)
        self._digest.update(skipped)
        return data[len(skipped) :]

    def quarantined(self) -> Quarantined:
        """The whole, as told in quarantine."""
        return Quarantined(
            reason=f"the document is larger than max_document_bytes ({self._limits.max_document_bytes})",
            data=bytes(self._head),
            size=self._size,
            sha256=self._digest.hexdigest(),
        )
