"""Bounds how many bytes of records are on their way through the server at once."""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from tracehub.errors import OverloadedError
from tracehub.model.listing import Counts
from tracehub.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

# Decoding is bound by Python's lock: more threads than these only hold memory.
THREADS = 8


Done = TypeVar("Done")


class Intake:
    """Refuses bodies beyond `most_bytes`, and stores the others in threads of their own, so that pages keep theirs."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = 0
        self._threads: CapacityLimiter | None = None

    @contextmanager
    def holding(self, size: int) -> "Iterator[None]":
        """Counts `size` bytes while open; OverloadedError where too much is on its way already."""
        if self._held and self._held + size > self._most_bytes:
            msg = "more records are on their way than TRACEHUB_QUEUE_BYTES allows"
            raise OverloadedError(msg)
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    async def store(self, take_in: Callable[[Sequence[Record]], Counts], record: Record) -> Counts:
        """Waits until `record` is durable."""
        return await self.run(lambda: take_in([record]))

    async def run(self, work: Callable[[], Done]) -> Done:
        """Waits for work that unwraps and stores records."""
        if self._threads is None:
            self._threads = CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)
