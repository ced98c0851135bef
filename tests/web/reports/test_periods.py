"""Periods and version changes behind the charts."""

from hypothesis import given
from hypothesis import strategies as st

from tracehub.analytics.period import MOST_BUCKETS, period_of
from tracehub.analytics.versions import version_changes
from tracehub.model.listing import Filter
from tracehub.model.tally import Cell, Tally

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOW = 495_000 * HOUR
moments = st.integers(0, 130 * 366 * 24 * HOUR)


@given(since=st.none() | moments, until=st.none() | moments, known=st.none() | st.tuples(moments, moments))
def test_a_period_holds_what_is_asked_for_in_few_buckets_on_round_bounds(
    since: int | None, until: int | None, known: tuple[int, int] | None
) -> None:
    bounds = (min(known), max(known)) if known else None
    period = period_of(Filter(since=since, until=until), bounds, NOW)
    assert 1 <= len(period.buckets) <= MOST_BUCKETS + 1 or period.minutes == 360 * 1440
    assert period.since % period.length == period.until % period.length == 0
    assert period.minutes % period.grain == 0
    if since is not None:
        assert period.since <= since < period.since + period.length


def test_an_hour_is_drawn_in_five_minutes_and_a_month_in_days() -> None:
    assert period_of(Filter(since=NOW - HOUR), None, NOW).minutes == 5
    assert period_of(Filter(since=NOW - 24 * HOUR), None, NOW).minutes == 60
    assert period_of(Filter(since=NOW - 7 * 24 * HOUR), None, NOW).minutes == 360
    assert period_of(Filter(since=NOW - 30 * 24 * HOUR), None, NOW).minutes == 1440


def test_an_alias_that_moves_to_a_new_version_is_one_change() -> None:
    cells = [_turn(at, "PROD", version) for at, version in ((1, "11"), (2, "11"), (3, "12"), (3, "11"), (4, "12"))]
    [change] = version_changes([*cells, _turn(1, "TEST", "DRAFT"), _turn(9, None, "4")])
    assert (change.at, change.alias_id, change.before, change.version) == (3, "PROD", "11", "12")


def _turn(at: int, alias: str | None, version: str) -> Cell:
    return Cell(
        began_at=at,
        kind="turn",
        name="",
        detail=None,
        agent_id="AGENT",
        alias_id=alias,
        agent_version=version,
        tally=Tally(calls=1),
    )
