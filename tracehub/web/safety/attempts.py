"""Slows down guessing: so many attempts a minute from one address."""

import threading
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

ATTEMPTS = 5
WITHIN_US = 60_000_000
MOST_ADDRESSES = 10_000


class Attempts:
    """Counts attempts by address. Where too many addresses are known, the one not heard of for longest is forgotten."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def allow(self, address: str, now: int) -> bool:
        """Whether one more attempt at `now` (microseconds) is within the limit; counts it if so."""
        with self._lock:
            recent = self._recent.setdefault(_who(address), deque())
            self._recent.move_to_end(_who(address))
            if len(self._recent) > MOST_ADDRESSES:
                self._recent.popitem(last=False)
            while recent and recent[0] <= now - WITHIN_US:
                recent.popleft()
            if len(recent) >= ATTEMPTS:
                return False
            recent.append(now)
            return True


def _who(address: str) -> str:
    """Whoever has one IPv6 address has the 2^64 beside it too."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or int(found) >> 64)
    return address
