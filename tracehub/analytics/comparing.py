"""Whether two samples differ by more than chance: shares by their difference, durations by their percentiles."""

import math

import msgspec

from tracehub.store.latency import milliseconds_of

# The 97.5th percentile of the normal distribution: intervals hold with 95 %.
_Z = 1.959964
# Below this many samples an interval says more about its own formula than about the agents.
FEW = 20


class Interval(msgspec.Struct, frozen=True):
    """Between these values the truth lies with 95 %."""

    low: float
    high: float


def share_difference(part_a: int, whole_a: int, part_b: int, whole_b: int) -> Interval | None:
    """By how much B's share is higher than A's (Newcombe's interval from Wilson's scores); None of too few samples."""
    if min(whole_a, whole_b) < FEW:
        return None
    a, b = part_a / whole_a, part_b / whole_b
    of_a, of_b = _wilson(part_a, whole_a), _wilson(part_b, whole_b)
    difference = b - a
    return Interval(
        difference - math.hypot(b - of_b.low, of_a.high - a), difference + math.hypot(of_b.high - b, a - of_a.low)
    )


def percentile_interval(durations: dict[int, int], share: float) -> Interval | None:
    """Where a percentile lies, in milliseconds, by the ranks that could be it; None where the samples are too few for
    the ranks to lie inside of them."""
    total = sum(durations.values())
    spread = _Z * math.sqrt(total * share * (1 - share))
    low, high = math.floor(total * share - spread), math.ceil(total * share + spread) + 1
    if total < FEW or low < 1 or high > total:
        return None
    return Interval(_at_rank(durations, low), _at_rank(durations, high))


def apart(a: Interval, b: Interval) -> bool:
    """Whether two intervals share nothing."""
    return a.high < b.low or b.high < a.low


def _wilson(part: int, whole: int) -> Interval:
    share, z2 = part / whole, _Z**2 / whole
    middle = (share + z2 / 2) / (1 + z2)
    spread = _Z / (1 + z2) * math.sqrt(share * (1 - share) / whole + z2 / whole / 4)
    return Interval(max(middle - spread, 0.0), min(middle + spread, 1.0))


def _at_rank(durations: dict[int, int], rank: int) -> float:
    for bucket in sorted(durations):
        rank -= durations[bucket]
        if rank <= 0:
            return milliseconds_of(bucket)
    return milliseconds_of(max(durations))
