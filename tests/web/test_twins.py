"""Every list and session has twins for machines that hold the same."""

import csv
import io
import json
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.model.listing import Filter
from tracehub.store import spans, traces
from tracehub.web.pages import addresses

SESSIONS = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("twins")
    with serving(f"sqlite:///{folder / 'tracehub.db'}", page_size=7) as running:
        running.client.post("/api/v1/records", content=demo_lines(SESSIONS)).raise_for_status()
        running.client.post("/api/v1/records", content=b'{"trace": {"sessionId": "x"}, "sessionId": ')
        yield running


@pytest.mark.parametrize("query", ["", "errors=1", "agent=ORDERHELP1&sort=cost", "since=2026-11-19&min_cost=0.001"])
def test_ndjson_and_csv_hold_every_session_of_the_list_and_json_its_first_page(server: Server, query: str) -> None:
    listed = _walk(server, query)
    page = server.client.get(f"/sessions.json?{query}").json()
    lines = [json.loads(line) for line in server.client.get(f"/sessions.ndjson?{query}").text.splitlines()]
    rows = list(csv.DictReader(io.StringIO(server.client.get(f"/sessions.csv?{query}").text)))
    assert [item["session_id"] for item in page["items"]] == listed[:7]
    assert [line["session_id"] for line in lines] == listed
    assert [row["session_id"] for row in rows] == listed
    assert server.client.get(f"/sessions.md?{query}").text.count("\n| ") == min(len(listed), 7) + 2


@pytest.mark.parametrize("query", ["", "outcome=failed", "kind=tool&kind=code", "agent=HRASSIST01&kind=retrieval"])
def test_spans_are_the_same_as_parquet_csv_and_ndjson(server: Server, query: str) -> None:
    lines = [json.loads(line) for line in server.client.get(f"/spans.ndjson?{query}").text.splitlines()]
    rows = list(csv.DictReader(io.StringIO(server.client.get(f"/spans.csv?{query}").text)))
    table = pq.read_table(io.BytesIO(server.client.get(f"/spans.parquet?{query}").content))
    assert [line["span_id"] for line in lines] == [row["span_id"] for row in rows] == table["span_id"].to_pylist()
    assert lines
    for line, cost, started in zip(lines, table["cost_usd"].to_pylist(), table["started_at"].to_pylist(), strict=True):
        assert line["cost_usd"] == cost
        assert line["started_at"] == (None if started is None else started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def test_without_a_filter_every_span_is_there_once(server: Server) -> None:
    with server.app.database.reading() as connection:
        every = [row.trace_id for row in traces.page(connection, Filter(), limit=10_000).rows]
        stored = {span.span_id for rows in spans.of_traces(connection, every).values() for span in rows}
    exported = pq.read_table(io.BytesIO(server.client.get("/spans.parquet").content))["span_id"].to_pylist()
    assert len(exported) == len(set(exported))
    assert set(exported) == stored


def test_a_session_has_twins_and_its_raw_events_can_be_imported_again(server: Server) -> None:
    session_id = _walk(server, "errors=1")[0]
    found = server.client.get(f"/sessions/{session_id}.json").json()
    assert found["session_id"] == session_id
    assert sum(len(trace["spans"]) - 1 for trace in found["traces"]) == found["steps"]
    events = server.client.get(f"/sessions/{session_id}.ndjson").content
    again = server.client.post("/api/v1/records", content=events).json()
    assert again["duplicates"] == again["records"] > 0
    text = server.client.get(f"/sessions/{session_id}.md", follow_redirects=True).text
    assert text.startswith(f"# Session `{session_id}`")


@pytest.mark.parametrize("page", ["sources", "quarantine"])
def test_sources_and_quarantine_have_the_same_twins(server: Server, page: str) -> None:
    items = server.client.get(f"/{page}.json").json()["items"]
    assert items == server.client.get(f"/api/v1/{page}").json()["items"]
    assert len(items) == len(server.client.get(f"/{page}.ndjson").text.splitlines()) > 0
    assert len(items) == len(list(csv.DictReader(io.StringIO(server.client.get(f"/{page}.csv").text))))
    assert server.client.get(f"/{page}.md").text.count("\n| ") == len(items) + 2
    assert server.client.get(f"/{page}.xml").status_code == 404


def test_text_that_a_spreadsheet_would_run_is_disarmed(server: Server) -> None:
    line = demo_lines(SESSIONS).splitlines()[0].replace(b'"sessionId":"', b'"sessionId":"=cmd|x')
    server.client.post("/api/v1/records", content=line.replace(b"ORDERHELP1", b"+SUM12345")).raise_for_status()
    assert ",=cmd" not in server.client.get("/sessions.csv").text
    assert "\n=cmd" not in server.client.get("/sessions.csv").text


def test_a_session_whose_id_looks_like_a_twin_is_reached(server: Server) -> None:
    line = json.loads(demo_lines(1, seed=99).splitlines()[0])
    text = json.dumps(line).replace(line["sessionId"], "odd.json")
    server.client.post("/api/v1/records", content=text).raise_for_status()
    href = addresses.session("odd.json").removeprefix("/sessions/")
    assert server.client.get(f"/sessions/{href}").status_code == 200
    assert server.client.get(f"/sessions/{href}.json").json()["session_id"] == "odd.json"


@pytest.mark.parametrize("path", ["/spans.csv?kind=nothing", "/sessions.ndjson?colour=red", "/sessions.csv?sort=x"])
def test_what_a_twin_cannot_answer_is_refused(server: Server, path: str) -> None:
    assert server.client.get(path).status_code == 400


def _walk(server: Server, query: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = server.client.get(
            f"/sessions.json?{query}", params=None if not cursor else {**_pairs(query), "cursor": cursor}
        )
        found += [item["session_id"] for item in page.json()["items"]]
        cursor = page.json()["older"]
        if not cursor:
            return found


def _pairs(query: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in query.split("&") if part)
