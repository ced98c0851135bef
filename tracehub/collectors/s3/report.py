"""Makes one status of what listing and the queue tell."""

import threading
from collections.abc import Callable

from tracehub.collectors.status import Status, Tell

_WORST_FIRST = ("failing", "waiting", "reading", "following")
_TELL_EVERY = 1_000_000


class Report:
    """The worst state and all errors of its parts. What did not change is not told again, and progress at most once a
    second. `waiting` is the largest of the parts', for both know of the same objects."""

    def __init__(self, tell: Tell, clock: Callable[[], int]) -> None:
        self._tell = tell
        self._clock = clock
        self._parts: dict[str, Status] = {}
        self._told: Status | None = None
        self._told_at = 0
        self._lock = threading.Lock()

    def part(self, name: str) -> Tell:
        """Where the part of this name tells its own status."""

        def tell(status: Status) -> None:
            with self._lock:
                self._parts[name] = status
                self._pass_on(_merged(list(self._parts.values())))

        return tell

    def _pass_on(self, status: Status) -> None:
        told = self._told
        if status == told:
            return
        progress = told is not None and status.state == told.state == "reading" and status.error == told.error
        if progress and self._clock() - self._told_at < _TELL_EVERY:
            return
        self._told, self._told_at = status, self._clock()
        self._tell(status)


def _merged(parts: list[Status]) -> Status:
    return Status(
        state=min((part.state for part in parts), key=_WORST_FIRST.index),
        read_until=max((part.read_until for part in parts if part.read_until is not None), default=None),
        waiting=max((part.waiting for part in parts if part.waiting is not None), default=None),
        error="\n".join(dict.fromkeys(part.error for part in parts if part.error)) or None,
    )
