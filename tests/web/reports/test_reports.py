"""Pages of numbers say what the spans say, to people and to machines."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.model.listing import Filter, SpanRow, TraceRow
from tracehub.pipeline.adding_up import catch_up
from tracehub.store import spans, traces

SESSIONS = 30
REPORTS = ("tools", "latency", "cost", "knowledge-bases", "guardrails")


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        running.client.post("/api/v1/records", content=demo_lines(SESSIONS)).raise_for_status()
        catch_up(running.app.database)
        yield running


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_a_page_and_the_same_for_machines(sqlite_server: Server, report: str) -> None:
    page = _get(sqlite_server, f"/{report}")
    document = _get(sqlite_server, f"/{report}.json").json()
    lines = _get(sqlite_server, f"/{report}.ndjson").text.splitlines()
    assert len(lines) == sum(len(rows) for rows in document["tables"].values()) > 0
    assert _get(sqlite_server, f"/{report}.md").text.startswith(f"# {document['title']}")
    for name, rows in document["tables"].items():
        written = list(csv.DictReader(io.StringIO(_get(sqlite_server, f"/{report}.csv?table={name}").text)))
        assert [list(row) for row in written] == [list(row) for row in rows]
        assert f'id="{name}"' in page.text
        assert f"table={name}" in page.text


def test_tools_are_counted_as_their_spans_are(server: Server) -> None:
    rows = _get(server, "/tools.json").json()["tables"]["tools"]
    called = [span for _, span in _spans(server) if span.kind in ("tool", "code")]
    assert {row["tool"]: row["calls"] for row in rows} == Counter(span.name for span in called)
    for row in rows:
        of_tool = [span for span in called if span.name == row["tool"]]
        assert row["errors_reported"] == sum(span.error_source == "reported" for span in of_tool)
        assert row["errors_inferred"] == sum(span.error_source == "inferred" for span in of_tool)
        assert row["turns"] == len({span.trace_id for span in of_tool})
        listed = _get(server, "/api/v1/sessions", tool=row["tool"], limit="500").json()["items"]
        assert row["sessions"] == len(listed)


def test_filters_and_times_narrow_the_numbers(server: Server) -> None:
    whole = _get(server, "/tools.json").json()
    agent = next(trace.agent_id for trace, span in _spans(server) if trace.agent_id and span.kind == "tool")
    expected = Counter(
        span.name for trace, span in _spans(server) if span.kind in ("tool", "code") and trace.agent_id == agent
    )
    of_agent = _get(server, "/tools.json", agent=str(agent)).json()["tables"]["tools"]
    assert {row["tool"]: row["calls"] for row in of_agent} == expected
    busiest = max(whole["tables"]["over_time"], key=lambda row: row["calls"])
    begins = sorted(row["began_at"] for row in whole["tables"]["over_time"])
    until = next((begin for begin in begins if begin > busiest["began_at"]), whole["until"])
    narrowed = _get(server, "/tools.json", since=busiest["began_at"], until=until).json()
    assert sum(row["calls"] for row in narrowed["tables"]["over_time"]) == busiest["calls"]
    assert narrowed["bucket_minutes"] < whole["bucket_minutes"]


def test_what_follows_what_and_calls_per_turn_are_those_of_the_turns(server: Server) -> None:
    tables = _get(server, "/tools.json").json()["tables"]
    in_turns: dict[str, list[str]] = {}
    for _, span in _spans(server):
        if span.kind in ("tool", "code"):
            in_turns.setdefault(span.trace_id, []).append(span.name)
    pairs = Counter(pair for names in in_turns.values() for pair in pairwise(names))
    assert {(row["tool"], row["next"]): row["calls"] for row in tables["follows"]} == dict(pairs.most_common(20))
    turns = len({trace.trace_id for trace, _ in _spans(server)})
    assert sum(row["turns"] for row in tables["calls_per_turn"]) == turns


def test_cost_sums_what_has_a_price_and_says_what_has_none(server: Server) -> None:
    rows = _get(server, "/cost.json").json()["tables"]["groups"]
    for row in rows:
        models = [span for _, span in _spans(server) if span.kind == "model" and (span.model_id or "") == row["model"]]
        costs = [span.cost_usd for span in models if span.cost_usd is not None]
        assert row["cost_usd"] == (pytest.approx(sum(costs), abs=1e-6) if costs else None)
        assert row["unpriced_share"] == pytest.approx(1 - len(costs) / len(models), abs=1e-5)


def test_lookups_without_hits_and_never_cited_are_counted_apart(server: Server) -> None:
    tables = _get(server, "/knowledge-bases.json").json()["tables"]
    for row in tables["knowledge_bases"]:
        lookups = [
            span for _, span in _spans(server) if span.kind == "retrieval" and span.name == row["knowledge_base"]
        ]
        assert row["lookups"] == len(lookups)
        assert 0 <= row["zero_hits"] + row["never_cited"] <= row["lookups"]
    assert sum(row["zero_hits"] for row in tables["knowledge_bases"]) == len(tables["zero_hits"]) > 0


def test_one_tool_shows_its_latest_calls_and_how_it_fails(server: Server) -> None:
    failing = next(row for row in _get(server, "/tools.json").json()["tables"]["tools"] if row["errors_inferred"])
    path = f"/tools/{failing['tool']}"
    tables = _get(server, f"{path}.json").json()["tables"]
    assert len(tables["latest"]) == min(failing["calls"], 20)
    assert sum(row["calls"] for row in tables["errors"]) == failing["errors_inferred"] + failing["errors_reported"]
    assert f'href="/sessions/{tables["latest"][0]["session_id"]}?step=' in _get(server, path).text
    assert server.client.get("/tools/nobody__calls_this").status_code == 404


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/tools?outcome=failed", "outcome"),
        ("/latency?by=weekday", "by"),
        ("/cost.csv?table=nothing", "table"),
        ("/guardrails?since=2026-01-02&until=2026-01-01", "until"),
    ],
)
def test_what_a_report_cannot_answer_is_refused_by_name(sqlite_server: Server, path: str, named: str) -> None:
    answer = sqlite_server.client.get(path)
    assert answer.status_code == 400
    assert f"{named}: " in answer.text


@pytest.mark.parametrize("report", REPORTS)
def test_without_any_trace_a_report_says_what_would_be_there(empty_server: Server, report: str) -> None:
    assert "Nothing here yet" in _get(empty_server, f"/{report}").text
    assert _get(empty_server, f"/{report}.json").json()["tables"] == {}
    assert _get(empty_server, f"/{report}.csv").text == ""


@pytest.fixture(scope="module")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reports")
    with serving(f"sqlite:///{folder / 'tracehub.db'}") as running:
        running.client.post("/api/v1/records", content=demo_lines(SESSIONS)).raise_for_status()
        catch_up(running.app.database)
        yield running


@pytest.fixture(scope="module")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("empty")
    with serving(f"sqlite:///{folder / 'tracehub.db'}") as running:
        yield running


def _get(server: Server, path: str, **query: str) -> Any:
    answer = server.client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text[:500]
    return answer


def _spans(server: Server) -> list[tuple[TraceRow, SpanRow]]:
    """Every span but the roots, with its trace."""
    with server.app.database.reading() as connection:
        every = {row.trace_id: row for row in traces.page(connection, Filter(), limit=10_000).rows}
        found = spans.of_traces(connection, every)
    return [(every[trace_id], span) for trace_id, rows in found.items() for span in rows if span.parent_seq is not None]
