"""Tells how a queue is doing while its messages are read."""

import threading
from collections.abc import Callable

from tracehub.collectors.aws_errors import Failure
from tracehub.collectors.s3.attempts import AT_LARGE
from tracehub.collectors.s3.queue import Queue, Received
from tracehub.collectors.status import State, Status, Tell

_COUNT_EVERY = 60_000_000
# By then a message that failed came again, or was moved to a dead letter queue.
_FORGET_AFTER = 15 * 60_000_000
_MOST_FAILURES_KEPT = 1000
_ERRORS_TOLD = 3


class Receiver:
    """One source's queue with its status. Several threads may take from it."""

    def __init__(self, queue: Queue, tell: Tell, clock: Callable[[], int]) -> None:
        self._queue = queue
        self._tell = tell
        self._clock = clock
        self._failed: dict[str, tuple[Failure, int]] = {}
        self._waiting: int | None = None
        self._counted_at: int | None = None
        self._lock = threading.Lock()

    def once(self) -> Received:
        """One poll, and the status after it."""
        received = self._queue.receive()
        self._count()
        with self._lock:
            self._remember(received)
            self._tell(self._status(received))
        return received

    def _count(self) -> None:
        now = self._clock()
        with self._lock:
            due = self._counted_at is None or now - self._counted_at >= _COUNT_EVERY
            if due:
                self._counted_at = now
        if due:
            self._waiting = self._queue.count()

    def _remember(self, received: Received) -> None:
        now = self._clock()
        for message_id in received.done:
            self._failed.pop(message_id, None)
        for message_id, failure in received.failed.items():
            self._failed[message_id] = (failure, now)
        self._failed = {
            message_id: (failure, at)
            for message_id, (failure, at) in list(self._failed.items())[-_MOST_FAILURES_KEPT:]
            if now - at < _FORGET_AFTER
        }

    def _status(self, received: Received) -> Status:
        failures = [failure for failure, _ in self._failed.values()]
        failures += [received.failure] if received.failure is not None else []
        error = "\n".join(dict.fromkeys(failure.text for failure in failures[-_ERRORS_TOLD:])) or None
        return Status(state=_state(received, failures), waiting=self._waiting, error=error)


def _state(received: Received, failures: list[Failure]) -> State:
    if not failures:
        return "reading" if received.done else "following"
    return "waiting" if all(failure.may_pass for failure in failures) else "failing"


def trouble_of(received: Received) -> Failure | None:
    """Why to wait before the next poll; None where some messages could be read, or none came."""
    if received.failure is not None:
        return received.failure
    return next(
        (failure for failure in received.failed.values() if failure.kind in AT_LARGE or not received.done), None
    )
