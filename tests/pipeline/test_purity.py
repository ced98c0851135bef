"""Storing is a function of the set of events: no order, repetition or batching changes what is stored."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores import content, empty, migrated, store
from tests.traffic import demo_events
from tracehub.model.record import Event

SESSIONS = 20


def test_any_order_repetition_and_batching_gives_one_result(database_url: str) -> None:
    events = demo_events(SESSIONS)
    with migrated(database_url) as database:
        store(database, events)
        expected = content(database)
        assert len(expected["traces"]) > SESSIONS

        @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.randoms(use_true_random=False))
        def scrambled(chance: random.Random) -> None:
            empty(database)
            for batch in _batches(events, chance):
                store(database, batch)
            assert content(database) == expected

        scrambled()


def test_storing_again_changes_nothing_and_counts_duplicates(database_url: str) -> None:
    events = demo_events(5)
    with migrated(database_url) as database:
        first = store(database, events)
        before = content(database)
        second = store(database, events)
        assert (first.events, first.duplicates) == (len(events), 0)
        assert (second.events, second.duplicates, second.traces) == (0, len(events), 0)
        assert content(database) == before


@pytest.mark.parametrize("size", [1, 7])
def test_a_trace_that_arrives_in_small_pieces_is_whole_in_the_end(sqlite_url: str, size: int) -> None:
    events = demo_events(3)
    with migrated(sqlite_url) as database:
        store(database, events)
        expected = content(database)
        empty(database)
        for start in range(0, len(events), size):
            store(database, events[start : start + size])
        assert content(database) == expected


def _batches(events: Sequence[Event], chance: random.Random) -> list[list[Event]]:
    repeated = [*events, *chance.sample(events, len(events) // 10)]
    chance.shuffle(repeated)
    cuts = sorted(chance.sample(range(1, len(repeated)), chance.randint(0, 12)))
    return [repeated[start:end] for start, end in zip([0, *cuts], [*cuts, len(repeated)], strict=True)]
