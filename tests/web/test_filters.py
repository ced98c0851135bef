"""Filters say exactly what the query string says."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tracehub.model.listing import Filter
from tracehub.model.span import Outcome
from tracehub.web.filters import FILTER_KEYS, BadQueryError, read_filter

NOW = 1_790_000_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, 4_102_444_799_999_999))
def test_a_moment_is_read_to_the_microsecond(microseconds: int) -> None:
    moment = (EPOCH + timedelta(microseconds=microseconds)).isoformat()
    assert read_filter(QueryParams({"since": moment}), NOW).since == microseconds


def test_every_key_has_its_field() -> None:
    query = QueryParams(
        "agent=A&agent=B&alias=L&version=2&outcome=failed&tool=t&errors=1&since=24h&until=2026-09-01T00:00:00Z&x=1"
    )
    assert read_filter(query, NOW, also=("x",)) == Filter(
        agents=("A", "B"),
        aliases=("L",),
        versions=("2",),
        outcomes=(Outcome.FAILED,),
        tools=("t",),
        errors=True,
        since=NOW - 86_400_000_000,
        until=1_788_220_800_000_000,
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("colour=red", "colour"),
        ("outcome=nan", "outcome"),
        ("errors=yes", "errors"),
        ("since=nan", "since"),
        ("until=18446744073709551616", "until"),
        ("since=1h&since=2h", "since"),
        ("tool=%00", "tool"),
        ("agent=" + "x" * 501, "agent"),
    ],
)
def test_what_is_not_understood_is_named(query: str, name: str) -> None:
    with pytest.raises(BadQueryError, match=f"^{name}: "):
        read_filter(QueryParams(query), NOW)


@given(st.lists(st.tuples(st.sampled_from(FILTER_KEYS), st.text(st.characters(), max_size=30)), max_size=5))
def test_nothing_but_a_bad_query_is_ever_raised(pairs: list[tuple[str, str]]) -> None:
    with suppress(BadQueryError):
        read_filter(QueryParams(pairs), NOW)
