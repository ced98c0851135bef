"""Where a first collection begins."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.collectors.since import moment_of
from tracehub.errors import PermanentError

NOW = 1_800_000_000_000_000
DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("since", "moment"),
    [
        ("90s", NOW - 90_000_000),
        ("30m", NOW - 1_800_000_000),
        ("12h", NOW - DAY // 2),
        ("7d", NOW - 7 * DAY),
        (" 2 w ", NOW - 14 * DAY),
        ("2026-11-20T08:00:00Z", 1_795_161_600_000_000),
        ("2026-11-20T08:00:00", 1_795_161_600_000_000),
        ("2026-11-20T10:00:00+02:00", 1_795_161_600_000_000),
        ("2026-11-20T08:00:00.000001Z", 1_795_161_600_000_001),
        ("2026-11-20", 1_795_132_800_000_000),
    ],
)
def test_times_and_spans_become_microseconds(since: str, moment: int) -> None:
    assert moment_of(since, NOW) == moment


@pytest.mark.parametrize("since", ["", "soon", "7 days", "-1h", "12", "1e3h", "٣h", "2026-13-01", "24:00", "h"])
def test_nonsense_is_named(since: str) -> None:
    with pytest.raises(PermanentError, match="neither a time such as"):
        moment_of(since, NOW)


@pytest.mark.parametrize("since", ["1969-12-31T23:59:59Z", "999999999w", "0001-01-01T00:00:00+14:00"])
def test_before_1970_nothing_begins(since: str) -> None:
    with pytest.raises(PermanentError, match="lies before 1970"):
        moment_of(since, NOW)


@given(st.text(max_size=40))
def test_any_text_gives_a_moment_or_a_permanent_error(since: str) -> None:
    with contextlib.suppress(PermanentError):
        assert moment_of(since, NOW) >= 0
