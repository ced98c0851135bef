"""A destination gets the traces that its filter and its sampling choose, and the same ones whoever decides."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.stores import KNOWLEDGE, migrated, store
from tests.traffic import demo_events
from tracehub.analytics import content
from tracehub.model.destination import Choice, Destination, Sampling
from tracehub.model.listing import Filter
from tracehub.model.selection import Facts, facts_of, facts_of_row, sampled, wants
from tracehub.model.span import Outcome
from tracehub.store import traces

PLAIN = Facts(
    trace_id="0" * 32, agent_id="A1", agent_name="orders", alias_id="L1", outcome=Outcome.OK, failed=False, us=1_000_000
)
TRACE_IDS = st.uuids(version=4).map(lambda found: found.hex)


def to(share: float = 1.0, **more: object) -> Destination:
    choice = more.pop("choice", Choice())
    assert isinstance(choice, Choice)
    return Destination(name="x", endpoint="http://x", filter=choice, sampling=Sampling(share=share, **more))  # type: ignore[arg-type]


@given(TRACE_IDS)
def test_all_and_nothing_are_exactly_that(trace_id: str) -> None:
    facts = replace(PLAIN, trace_id=trace_id)
    assert sampled(to(1.0), facts)
    assert not sampled(to(0.0), facts)


@given(TRACE_IDS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_holds_all_of_a_smaller_one(trace_id: str, one: float, other: float) -> None:
    facts = replace(PLAIN, trace_id=trace_id)
    assert sampled(to(max(one, other)), facts) or not sampled(to(min(one, other)), facts)


def test_a_tenth_is_about_a_tenth() -> None:
    ids = [
        UUID(int=number * 2**120 // 9973 ^ (number * 0x9E3779B97F4A7C15) % 2**64, version=4).hex
        for number in range(10_000)
    ]
    kept = sum(sampled(to(0.1), replace(PLAIN, trace_id=trace_id)) for trace_id in ids)
    assert 800 < kept < 1200


@given(TRACE_IDS)
def test_errors_and_slow_ones_are_kept_whatever_the_share(trace_id: str) -> None:
    facts = replace(PLAIN, trace_id=trace_id)
    assert sampled(to(0.0), replace(facts, failed=True))
    assert sampled(to(0.0, slower_than_seconds=20.0), replace(facts, us=20_000_001))
    assert not sampled(to(0.0, slower_than_seconds=20.0), replace(facts, us=20_000_000))
    assert not sampled(to(0.0, slower_than_seconds=20.0), replace(facts, us=None))
    assert not sampled(to(0.0, errors=False), replace(facts, failed=True))


def test_a_filter_names_agents_by_id_or_name_aliases_and_outcomes() -> None:
    assert wants(to(choice=Choice(agents=("orders",), aliases=("L1", "L2"), outcomes=(Outcome.OK,))), PLAIN)
    assert wants(to(choice=Choice(agents=("A1",))), PLAIN)
    assert not wants(to(choice=Choice(agents=("A2",))), PLAIN)
    assert not wants(to(choice=Choice(aliases=("L2",))), PLAIN)
    assert not wants(to(choice=Choice(outcomes=(Outcome.FAILED,))), PLAIN)


def test_a_trace_and_its_row_decide_alike(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        store(database, demo_events(20))
        with database.reading() as connection:
            rows = traces.page(connection, Filter(), limit=100).rows
            for row in rows:
                assert facts_of(content.trace(connection, row.trace_id, KNOWLEDGE)) == facts_of_row(row)
    assert {facts_of_row(row).failed for row in rows} == {True, False}
