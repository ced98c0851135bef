"""How often AWS may be asked: one budget for all readers of an account and region, which shrinks when AWS says so."""

import threading
import time
from collections.abc import Callable

_SMALLEST = 0.2
# Of the full rate, with every success.
_RECOVERY = 0.05


class Budget:
    """At most `per_second` requests a second. Told of throttling it halves its rate; each success brings a little back.

    AWS counts requests per account and region, whoever makes them.
    """

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = per_second
        self._rate = per_second
        self._monotonic = monotonic
        self._next = 0.0
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Requests a second that are allowed now."""
        return self._rate

    def wait(self, stop: threading.Event) -> bool:
        """Waits for the next request's turn; False where `stop` was set meanwhile."""
        with self._lock:
            now = self._monotonic()
            turn = max(self._next, now)
            self._next = turn + 1 / self._rate
        return not stop.wait(turn - now) if turn > now else not stop.is_set()

    def throttled(self) -> None:
        """AWS refused a request."""
        with self._lock:
            self._rate = max(min(self._rate, self._most) / 2, min(_SMALLEST, self._most))

    def served(self) -> None:
        """AWS answered a request."""
        with self._lock:
            self._rate = min(self._most, self._rate + self._most * _RECOVERY)


class Budgets:
    """The budget of each account and region, made when it is first asked for."""

    def __init__(self) -> None:
        self._budgets: dict[tuple[str, ...], Budget] = {}
        self._lock = threading.Lock()

    def of(self, key: tuple[str, ...], per_second: float) -> Budget:
        """The one budget of `key`; the first who asks says how large it is."""
        with self._lock:
            return self._budgets.setdefault(key, Budget(per_second))
