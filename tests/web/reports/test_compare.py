"""Comparing says what differs, and whether chance explains it."""

import math
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tests.web.pages.rows import SPAN
from tracehub.analytics.comparing import apart, percentile_interval, share_difference
from tracehub.model.listing import Filter, SpanRow
from tracehub.pipeline.adding_up import catch_up
from tracehub.store import sessions, traces
from tracehub.store.latency import bucket_of, percentile
from tracehub.web.reports.sessions_compared import aligned


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("compare")
    with serving(f"sqlite:///{folder / 'tracehub.db'}") as running:
        running.client.headers["Accept"] = "text/html"
        running.client.post("/api/v1/records", content=demo_lines(60)).raise_for_status()
        catch_up(running.app.database)
        yield running


def test_without_a_choice_the_last_move_of_an_alias_is_compared(server: Server) -> None:
    document = server.client.get("/compare.json").json()
    metrics = {row["metric"]: row for row in document["tables"]["metrics"]}
    title = server.client.get("/compare").text.partition("<h2>")[2].partition("</h2>")[0]
    assert "→ 11 and " in title
    assert title.endswith("→ 12")
    assert metrics["Turns"]["difference"] == metrics["Turns"]["b"] - metrics["Turns"]["a"]


def test_each_side_counts_its_own_sessions_and_turns(server: Server) -> None:
    asked = {"a": "ORDERHELP1/PRODALIAS1/11", "b": "ORDERHELP1/PRODALIAS1/12"}
    metrics = {
        row["metric"]: row for row in server.client.get("/compare.json", params=asked).json()["tables"]["metrics"]
    }
    with server.app.database.reading() as connection:
        for side, version in (("a", "11"), ("b", "12")):
            wanted = Filter(agents=("ORDERHELP1",), aliases=("PRODALIAS1",), versions=(version,))
            assert metrics["Turns"][side] == len(traces.page(connection, wanted, limit=10_000).rows)
            begun = [r for r in sessions.page(connection, wanted, limit=10_000).rows if r.agent_version == version]
            assert metrics["Sessions"][side] == len(begun)
            failing = sum(row.errors_reported > 0 for row in begun)
            assert metrics["Sessions with a reported error"][side] == pytest.approx(failing / len(begun), abs=1e-5)


def test_two_sessions_stand_side_by_side_turn_by_turn(server: Server) -> None:
    a, b = (row["session_id"] for row in server.client.get("/api/v1/sessions?agent=ORDERHELP1&limit=2").json()["items"])
    same = server.client.get("/compare/sessions.json", params={"a": a, "b": a}).json()["tables"]
    marks = Counter(row["mark"] for name, rows in same.items() if name.startswith("turn_") for row in rows)
    assert set(marks) == {"same"}
    other = server.client.get("/compare/sessions", params={"a": a, "b": b})
    assert other.status_code == 200
    assert f"/sessions/{a}?step=" in other.text
    assert f"/sessions/{b}?step=" in other.text
    assert server.client.get("/compare/sessions?a=nope").status_code == 404
    assert server.client.get("/compare?a=x/y/z/w").status_code == 400


def test_steps_of_the_same_kind_and_name_stand_in_one_line() -> None:
    def steps(*names: str) -> list[SpanRow]:
        return [replace(SPAN, name=name, kind="tool") for name in names]

    pairs = aligned(steps("look", "refund", "say"), steps("look", "ask", "say"))
    shown = [(a.name if a else None, b.name if b else None) for a, b in pairs]
    assert shown == [("look", "look"), ("refund", None), (None, "ask"), ("say", "say")]


@given(st.integers(20, 400), st.integers(20, 400), st.floats(0, 1), st.floats(0, 1))
def test_the_interval_of_a_difference_holds_the_difference(n: int, m: int, a: float, b: float) -> None:
    part_a, part_b = round(n * a), round(m * b)
    found = share_difference(part_a, n, part_b, m)
    assert found
    assert -1.0001 <= found.low - 1e-9 <= part_b / m - part_a / n <= found.high + 1e-9 <= 1.0001


def test_differences_of_shares_agree_with_newcombe() -> None:
    """Example of Newcombe 1998, table II: 56/70 less 48/80, by his method 10: 0.0524 to 0.3339."""
    found = share_difference(48, 80, 56, 70)
    assert found
    assert found.low == pytest.approx(0.0524, abs=5e-4)
    assert found.high == pytest.approx(0.3339, abs=5e-4)
    assert share_difference(1, 19, 5, 500) is None


@given(st.lists(st.integers(1_000, 60_000_000), min_size=20, max_size=300))
def test_the_interval_of_a_percentile_holds_it(durations: list[int]) -> None:
    counts = Counter(bucket for duration in durations if (bucket := bucket_of(duration)) is not None)
    found = percentile_interval(dict(counts), 0.5)
    middle = percentile(dict(counts), 0.5)
    assert found
    assert middle
    assert found.low <= middle * (1 + 1e-9)
    assert middle <= found.high * (1 + 1e-9)
    assert not apart(found, found)
    assert percentile_interval(dict(counts), 0.9999) is None or math.isfinite(found.high)
