"""Holds each key to its number of requests a second, in this process."""

from tracehub.model.proxy_key import ProxyKey
from tracehub.proxy.signing.refusals import throttled

SECOND = 1_000_000


class Rates:
    """One bucket a key: it holds what a second allows, at least one request, and fills at that rate."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, int]] = {}

    def take(self, key: ProxyKey, now: int) -> None:
        """Counts one request at `now` (microseconds, of any clock); RefusedError where it is too
        many, which then does not count."""
        rate = key.terms.requests_per_second
        if rate is None:
            return
        most = max(1.0, rate)
        held, at = self._buckets.get(key.key_id, (most, now))
        now = max(now, at)
        held = min(most, held + (now - at) * rate / SECOND)
        allowed = held >= 1
        self._buckets[key.key_id] = (held - 1 if allowed else held, now)
        if not allowed:
            raise throttled()
