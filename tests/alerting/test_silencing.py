"""Silences hold for the alerts that all their conditions match, for as long as they say."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerting.alerts import HOUR, NOW
from tracehub.alerting.silencing import active, check, matches, read_matcher, silencing
from tracehub.errors import PermanentError
from tracehub.model.silence import Matcher, Operator, Silence, Weekly


def silence(*conditions: str, **changes: object) -> Silence:
    made = Silence(
        silence_id="ab" * 16,
        matchers=tuple(read_matcher(each) for each in conditions),
        begins_at=NOW,
        ends_at=NOW + HOUR,
        author="Ada",
        comment="known",
        created_at=NOW,
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("tool=book_room", True),
        ("tool=book", False),
        ("tool!=book", True),
        ("tool=~book_*", True),
        ("tool=~*room|*flight", True),
        ("tool=~book", False),
        ("tool!~book_*", False),
        ("tool=~book_roo?", True),
        ("tool=~book.room", False),
        ("tool=~[a-z]*", False),
        ("team=", True),
        ("team!=payments", True),
        ('tool="book_room"', True),
        (" tool = book_room ", True),
    ],
)
def test_conditions_compare_whole_values(condition: str, holds: bool) -> None:
    assert matches({"tool": "book_room"}, silence(condition)) is holds


def test_all_conditions_must_match() -> None:
    assert matches({"tool": "a", "agent": "b"}, silence("tool=a", "agent=b"))
    assert not matches({"tool": "a", "agent": "c"}, silence("tool=a", "agent=b"))


_signs = st.text(st.sampled_from("ab*?|[].!\\\\(+^$"), max_size=12)


@given(_signs, st.text(st.sampled_from("ab[].!(+|"), max_size=8))
def test_a_pattern_means_what_it_says_and_its_denial_the_opposite(pattern: str, value: str) -> None:
    """Against the plainest reading: alternatives, each a regular expression of stars, single signs and text."""
    plain = ("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in part) for part in pattern.split("|"))
    expected = any(re.fullmatch(part, value, re.DOTALL) is not None for part in plain)
    like = Matcher(label="x", operator=Operator.LIKE, value=pattern)
    unlike = Matcher(label="x", operator=Operator.NOT_LIKE, value=pattern)
    assert matches({"x": value}, silence(matchers=(like,))) is expected
    assert matches({"x": value}, silence(matchers=(unlike,))) is not expected


@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", ""])),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Operator)), st.sampled_from(["x", "y", ""]))),
)
def test_each_further_condition_can_only_make_a_silence_smaller(
    labels: dict[str, str], conditions: list[tuple[str, Operator, str]]
) -> None:
    matchers = tuple(Matcher(label=label, operator=operator, value=value) for label, operator, value in conditions)
    held = [matches(labels, silence(matchers=matchers[:number])) for number in range(len(matchers) + 1)]
    assert held == sorted(held, reverse=True)
    assert held[-1] is all(matches(labels, silence(matchers=(matcher,))) for matcher in matchers)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
def test_a_maintenance_window_holds_exactly_where_the_wall_clock_says_so(
    zone: str, moment: datetime, weekday: int, begins: int, minutes: int
) -> None:
    """Counted in minutes of the week on the wall, a day at most from the begin."""
    weekly = Weekly(weekdays=(weekday,), begins=begins, ends=(begins + minutes) % 1440, zone=zone)
    now = int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
    local = datetime.fromtimestamp(now / 1e6, ZoneInfo(zone))
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    expected = (minute - weekday * 1440 - begins) % (7 * 1440) < minutes
    assert active(silence("tool=a", begins_at=0, ends_at=None, weekly=weekly), now) is expected


def test_no_pattern_takes_for_ever() -> None:
    assert not matches({"tool": "a" * 5000}, silence("tool=~" + "a*" * 60 + "b"))


@pytest.mark.parametrize("written", ["tool", "=x", "tool book_room", "tool=~" + "x" * 201])
def test_what_is_no_condition_is_refused(written: str) -> None:
    with pytest.raises(PermanentError):
        read_matcher(written)


def test_a_silence_holds_from_its_begin_until_its_end() -> None:
    found = silence("tool=a")
    assert [active(found, at) for at in (NOW - 1, NOW, NOW + HOUR - 1, NOW + HOUR)] == [False, True, True, False]
    assert silencing({"tool": "a"}, [found], NOW) is found
    assert silencing({"tool": "b"}, [found], NOW) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matchers": ()}, "at least one condition"),
        ({"ends_at": None}, "needs an end"),
        ({"ends_at": NOW}, "end after it begins"),
        ({"author": " "}, "author"),
        ({"weekly": Weekly(weekdays=(0,), begins=0, ends=60, zone="Mars/Olympus")}, "time zone"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        check(silence("tool=a", **changes))


def at(year: int, month: int, day: int, hour: int, minute: int, zone: str) -> int:
    moment = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * 1_000_000


def window(begins: int, ends: int, *weekdays: int) -> Silence:
    weekly = Weekly(weekdays=weekdays, begins=begins, ends=ends, zone="Europe/Berlin")
    return silence("tool=a", begins_at=0, ends_at=None, weekly=weekly)


def test_a_maintenance_window_follows_the_clock_on_the_wall_through_daylight_saving() -> None:
    sundays = window(2 * 60, 5 * 60, 6)
    # Clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
    for month, day in ((3, 22), (3, 29), (10, 18), (10, 25)):
        zone = "Europe/Berlin"
        assert [active(sundays, at(2026, month, day, hour, 59, zone)) for hour in (1, 4, 5)] == [False, True, False]
    assert datetime.fromtimestamp(at(2026, 3, 29, 4, 59, "Europe/Berlin") / 1e6, UTC).hour == 2
    assert datetime.fromtimestamp(at(2026, 10, 25, 4, 59, "Europe/Berlin") / 1e6, UTC).hour == 3


def test_a_maintenance_window_may_last_over_midnight() -> None:
    fridays = window(22 * 60, 2 * 60, 4)
    zone = "Europe/Berlin"
    friday, saturday = (2026, 11, 20), (2026, 11, 21)
    assert active(fridays, at(*friday, 23, 0, zone))
    assert active(fridays, at(*saturday, 1, 59, zone))
    assert not active(fridays, at(*saturday, 2, 0, zone))
    assert not active(fridays, at(*friday, 1, 0, zone))
    assert not active(fridays, at(*saturday, 23, 0, zone))
