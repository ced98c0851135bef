"""Shares clients between the readers of one process, as each takes a quarter of a second to make."""

import threading
from collections.abc import Callable
from typing import Any

from tracehub.collectors import access
from tracehub.model.source import Access

# Shorter than a reader waits after its credentials failed, so that it then gets a client that reads them anew.
SHARED_SECONDS = 20


class Clients:
    """Gives one client to all who ask for the same within SHARED_SECONDS; clients may be used by many threads."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._made: dict[tuple[object, ...], tuple[int, Any]] = {}
        self._lock = threading.Lock()

    def client(self, wanted: Access, service: str) -> Any:
        """A boto3 client of `service`, as `access.client` makes it."""
        key = (service, *(getattr(wanted, name) for name in _FIELDS))
        with self._lock:
            now = self._clock()
            found = self._made.get(key)
            if found is None or now - found[0] > SHARED_SECONDS * 1_000_000:
                found = self._made[key] = (now, access.client(wanted, service))
            return found[1]


_FIELDS = Access.__struct_fields__
