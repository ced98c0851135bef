"""How long to wait before trying again."""

import random
import threading
from collections.abc import Callable

LONGEST = 60.0


class Backoff:
    """A random time between half a bound and the whole of it; the bound doubles with every failure in a row.

    It is at most a minute, and `first` seconds again after a success. `jitter` gives numbers from 0 to 1.
    """

    def __init__(self, first: float = 1.0, jitter: Callable[[], float] = random.random) -> None:
        self._first = first
        self._bound = first
        self._jitter = jitter

    def next(self) -> float:
        """Seconds to wait now."""
        bound, self._bound = self._bound, min(LONGEST, self._bound * 2)
        return bound / 2 * (1 + self._jitter())

    def wait(self, stop: threading.Event) -> bool:
        """Waits, unless and until `stop` is set: whether it is."""
        return stop.wait(self.next())

    def reset(self) -> None:
        """The last try went well."""
        self._bound = self._first
