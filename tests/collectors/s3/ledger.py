"""The ledger of a source's objects, kept in memory."""

import threading
from collections.abc import Callable, Iterable, Sequence

from tracehub.collectors.s3.objects import Objects
from tracehub.errors import UndecodableError
from tracehub.model.collected import ObjectVersion
from tracehub.model.listing import Counts


class Ledger:
    """Keeps what is read. Keys that hold `undecodable` cannot be decoded; `error` is raised by the next `read`;
    `take` makes bytes of chunks."""

    def __init__(self) -> None:
        self.stored: dict[ObjectVersion, bytes] = {}
        self.order: list[ObjectVersion] = []
        self.failures: dict[ObjectVersion, list[str]] = {}
        self.given_up: dict[ObjectVersion, str] = {}
        self.gone: list[ObjectVersion] = []
        self.quarantine: list[tuple[bytes, str]] = []
        self.error: Exception | None = None
        self.take: Callable[[Iterable[bytes]], bytes] = b"".join
        self._lock = threading.Lock()

    def unread(self, found: Sequence[ObjectVersion]) -> list[ObjectVersion]:
        with self._lock:
            known = {_identity(version) for version in (*self.stored, *self.given_up)}
        return [version for version in found if _identity(version) not in known]

    def read(self, version: ObjectVersion, chunks: Iterable[bytes]) -> Counts:
        data = self.take(chunks)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if "undecodable" in version.key:
            msg = f"{version.key} cannot be decoded"
            raise UndecodableError(msg)
        with self._lock:
            self.stored[version] = data
            self.order.append(version)
        return Counts(records=1)

    def failed(self, version: ObjectVersion, reason: str) -> int:
        self.failures.setdefault(version, []).append(reason)
        return len(self.failures[version])

    def give_up(self, version: ObjectVersion, reason: str) -> None:
        self.given_up[version] = reason

    def superseded(self, version: ObjectVersion) -> None:
        self.gone.append(version)

    def set_aside(self, data: bytes, reason: str) -> None:
        self.quarantine.append((data, reason))

    @property
    def contents(self) -> dict[str, list[bytes]]:
        """What was stored, by key, in the order of reading."""
        contents: dict[str, list[bytes]] = {}
        for version in self.order:
            contents.setdefault(version.key, []).append(self.stored[version])
        return contents


def _identity(version: ObjectVersion) -> tuple[str, str, str]:
    return version.bucket, version.key, version.version


_: type[Objects] = Ledger
