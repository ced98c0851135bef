"""Log buckets of durations: percentiles that sum in plain SQL on every database, at most 1 % off."""

import math
from collections.abc import Sequence

_LN_BASE = math.log(1.02)
_SMALLEST_MS = 0.001


def bucket_of(duration_us: int | None) -> int | None:
    """The bucket ceil(ln(ms) / ln 1.02) of a duration, None where unknown; 1 µs and less share one bucket."""
    if duration_us is None or duration_us < 0:
        return None
    return math.ceil(math.log(max(duration_us / 1000, _SMALLEST_MS)) / _LN_BASE)


def milliseconds_of(bucket: int) -> float:
    """The middle of a bucket's durations in milliseconds."""
    return math.exp((bucket - 0.5) * _LN_BASE)


def cumulative(counts: dict[int, int], bounds_ms: Sequence[float]) -> tuple[int, ...]:
    """How many of the counted calls took no longer than each bound, and last, all of them.

    A bucket belongs to a bound where its middle does: a call within 1 % of a bound may be told on its other side.
    """
    ordered = sorted((milliseconds_of(bucket), number) for bucket, number in counts.items())
    found, total, place = [], 0, 0
    for bound in (*bounds_ms, math.inf):
        while place < len(ordered) and ordered[place][0] <= bound:
            total += ordered[place][1]
            place += 1
        found.append(total)
    return tuple(found)


def percentile(counts: dict[int, int], share: float) -> float | None:
    """The duration in milliseconds below which `share` (0 to 1) of the counted calls lie.

    None where none is counted.
    """
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, math.ceil(total * share))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return milliseconds_of(bucket)
    return milliseconds_of(max(counts))
