"""Which sweep comes next: late events are covered without a cursor on their timestamps."""

import random

from tracehub.collectors.cloudwatch.logs import Position
from tracehub.collectors.cloudwatch.tiers import SECOND, beginning, finished, next_sweep, tiers_of

TIERS = tiers_of(10)
NOW = 1_790_000_000 * SECOND


def test_a_first_sweep_reads_from_the_beginning_asked_for() -> None:
    sweep = next_sweep(TIERS, beginning(TIERS, NOW - 7 * 86_400 * SECOND, NOW), NOW)
    assert sweep is not None
    assert sweep.start == NOW - 7 * 86_400 * SECOND
    assert sweep.is_first


def test_an_unfinished_sweep_goes_on_where_it_stopped() -> None:
    position = Position(swept=beginning(TIERS, 0, NOW).swept, reached=NOW - 3600 * SECOND)
    sweep = next_sweep(TIERS, position, NOW + 100_000 * SECOND)
    assert sweep is not None
    assert (sweep.start, sweep.covers) == (NOW - 3600 * SECOND, ("30",))


def test_nothing_is_due_right_after_a_sweep() -> None:
    begun = beginning(TIERS, NOW, NOW)
    sweep = next_sweep(TIERS, begun, NOW)
    assert sweep is not None
    assert next_sweep(TIERS, finished(begun, sweep, NOW), NOW + SECOND) is None


def test_the_widest_sweep_that_is_due_covers_the_shorter_ones() -> None:
    position = Position(swept=dict.fromkeys(("30", "300", "3600", "14400", "86400"), NOW))
    sweep = next_sweep(TIERS, position, NOW + 900 * SECOND)
    assert sweep is not None
    assert sweep.covers == ("30", "300", "3600")
    assert sweep.start == NOW - 3600 * SECOND


def test_after_a_pause_a_sweep_reaches_back_to_before_the_pause() -> None:
    position = Position(swept=dict.fromkeys(("30", "300", "3600", "14400", "86400"), NOW))
    sweep = next_sweep(TIERS, position, NOW + 7 * 86_400 * SECOND)
    assert sweep is not None
    assert sweep.start == NOW - 86_400 * SECOND


def test_no_event_up_to_a_day_late_is_missed() -> None:
    """Simulated: events become visible after delays as they were seen, or worse; each must lie in a later sweep."""
    chance = random.Random(4)
    delays = [lambda: chance.uniform(0.5, 10), lambda: chance.uniform(60, 3600), lambda: chance.uniform(3600, 86_000)]
    events = [(NOW + chance.randrange(6 * 3600) * SECOND, chance.choice(delays)()) for _ in range(3000)]
    hidden = sorted((at + int(delay * SECOND), at) for at, delay in events)
    found: set[tuple[int, int]] = set()
    position = Position(swept=dict.fromkeys(("30", "300", "3600", "14400", "86400"), NOW))
    now = NOW
    while now < NOW + 40 * 3600 * SECOND:
        now += int(chance.uniform(1, 120) * SECOND)
        sweep = next_sweep(TIERS, position, now)
        if sweep is None:
            continue
        found |= {(seen, at) for seen, at in hidden if seen <= now and at >= sweep.start}
        position = finished(position, sweep, now)
    assert found == set(hidden)
