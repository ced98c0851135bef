"""Waits longer after every failure in a row: exponential, with full jitter."""

import threading
from collections.abc import Callable

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0


class Backoff:
    """The waits of one loop; `jitter` gives numbers from 0 to 1. Setting `stop` ends a wait."""

    def __init__(self, stop: threading.Event, jitter: Callable[[], float]) -> None:
        self._stop = stop
        self._jitter = jitter
        self._failures = 0

    def wait(self) -> None:
        """Waits after one more failure."""
        most = min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        self._stop.wait(self._jitter() * most)

    def reset(self) -> None:
        """Begins anew, after a success."""
        self._failures = 0
