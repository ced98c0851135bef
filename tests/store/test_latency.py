"""Percentiles from log buckets are at most 1 % off."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tracehub.store.latency import bucket_of, milliseconds_of, percentile


@given(st.integers(min_value=1, max_value=10**13))
def test_a_buckets_middle_is_within_one_percent_of_its_durations(duration_us: int) -> None:
    bucket = bucket_of(duration_us)
    assert bucket is not None
    assert abs(milliseconds_of(bucket) / (duration_us / 1000) - 1) <= 0.01


@given(st.lists(st.integers(min_value=1, max_value=10**9), min_size=1, max_size=200))
def test_percentiles_are_within_one_percent_of_the_exact_ones(durations: list[int]) -> None:
    counts = Counter(bucket for duration in durations if (bucket := bucket_of(duration)) is not None)
    ordered = sorted(durations)
    for share in (0.5, 0.95, 0.99):
        exact = ordered[max(1, -(-len(ordered) * round(share * 100) // 100)) - 1] / 1000
        found = percentile(counts, share)
        assert found is not None
        assert abs(found / exact - 1) <= 0.01


def test_unknown_and_impossible_durations_have_no_bucket() -> None:
    assert bucket_of(None) is None
    assert bucket_of(-5) is None
    assert percentile({}, 0.5) is None
