"""What reading a bucket asks of those who decode and store its objects."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from tracehub.model.collected import ObjectVersion
from tracehub.model.listing import Counts


class Objects(Protocol):
    """The ledger of one source's objects, and the way in for their bytes. May be called from several threads."""

    def unread(self, found: Sequence[ObjectVersion]) -> list[ObjectVersion]:
        """Those of `found` that are neither stored nor given up."""
        ...

    def read(self, version: ObjectVersion, chunks: Iterable[bytes]) -> Counts:
        """Decodes and stores the object; returns when it is durable and marked as read.

        What `chunks` raises passes through, and then the object counts as unread.
        """
        ...

    def failed(self, version: ObjectVersion, reason: str) -> int:
        """Notes that reading failed; how often it has by now."""
        ...

    def give_up(self, version: ObjectVersion, reason: str) -> None:
        """Not tried again until a person asks."""
        ...

    def superseded(self, version: ObjectVersion) -> None:
        """It no longer exists: deleted or overwritten; noted and not tried again."""
        ...

    def set_aside(self, data: bytes, reason: str) -> None:
        """Keeps a message that cannot be understood in quarantine; returns when durable."""
        ...
