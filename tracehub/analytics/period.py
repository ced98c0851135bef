"""The stretch of time that a page of numbers covers, and the buckets of its charts."""

import msgspec

from tracehub.model.listing import Filter
from tracehub.store.rollups import GRAINS, MINUTE_US

MOST_BUCKETS = 61
# Each as long as rollups are, so that a page reads few of them however long its period is.
_LENGTHS = (5, 60, 360, 1440, 7 * 1440, 30 * 1440, 360 * 1440)


class Period(msgspec.Struct, frozen=True):
    """From `since` to `until` (microseconds) in buckets of `minutes`; both lie on bounds of buckets.

    `grain` is the length of the rollups to read: the longest that buckets are made of.
    """

    since: int
    until: int
    minutes: int
    grain: int

    @property
    def length(self) -> int:
        """Of one bucket, in microseconds."""
        return self.minutes * MINUTE_US

    @property
    def buckets(self) -> range:
        """Where each bucket begins."""
        return range(self.since, self.until, self.length)

    def bucket_of(self, at: int) -> int:
        """Where the bucket of a moment begins."""
        return at - at % self.length


def period_of(filter: Filter, bounds: tuple[int, int] | None, now: int) -> Period:
    """What the filter asks for, else all that is known, in at most MOST_BUCKETS buckets and wider by parts of one."""
    since = filter.since if filter.since is not None else bounds[0] if bounds else now - 1440 * MINUTE_US
    until = filter.until if filter.until is not None else max(bounds[1] if bounds else now, since)
    if filter.until is None and (filter.since is not None or not bounds):
        until = max(until, now)
    until = max(until, since + 1)
    minutes = next(
        (length for length in _LENGTHS if (until - since) / (length * MINUTE_US) <= MOST_BUCKETS - 1), _LENGTHS[-1]
    )
    length = minutes * MINUTE_US
    grain = max(grain for grain in GRAINS if minutes % grain == 0)
    return Period(since - since % length, -(-until // length) * length, minutes, grain)
