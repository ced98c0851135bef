"""The API answers what was stored, in the shapes that its description promises."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard
from pydantic import BaseModel

from tests.serving import Server, serving
from tests.traffic import demo_events, demo_lines
from tracehub.web.api import answers

SESSIONS = 20


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        counts = running.client.post("/api/v1/records", content=demo_lines(SESSIONS)).json()
        assert counts["events"] == len(demo_events(SESSIONS))
        yield running


def test_every_answer_is_exactly_what_openapi_describes(server: Server) -> None:
    sessions = _get(server, "/api/v1/sessions", answers.Page[answers.Session])
    for session in sessions["items"]:
        detail = _get(server, f"/api/v1/sessions/{session['session_id']}", answers.SessionDetail)
        assert len(detail["traces"]) == session["turns"]
    for summary in _get(server, "/api/v1/traces?limit=500", answers.Page[answers.TraceSummary])["items"]:
        trace = _get(server, f"/api/v1/traces/{summary['trace_id']}", answers.TraceDetail)
        assert len(trace["spans"]) == summary["steps"] + 1
        assert trace["outcome"] == summary["outcome"]
    _get(server, "/api/v1/tools", answers.Tools)
    _get(server, "/api/v1/quarantine", answers.Page[answers.Quarantined])
    described = server.client.get("/api/v1/openapi.json").json()
    assert {path for path in described["paths"] if path.startswith("/api/")} == {
        "/api/v1/records",
        "/api/v1/sessions",
        "/api/v1/sessions/{session_id}",
        "/api/v1/traces",
        "/api/v1/traces/{trace_id}",
        "/api/v1/traces/{trace_id}/events",
        "/api/v1/tools",
        "/api/v1/alerts",
        "/api/v1/destinations",
        "/api/v1/destinations/{name}/check",
        "/api/v1/destinations/{name}/send-again",
        "/api/v1/rules",
        "/api/v1/sources",
        "/api/v1/sources/{name}/pause",
        "/api/v1/sources/{name}/resume",
        "/api/v1/sources/{name}/collect-again",
        "/api/v1/proxy-keys",
        "/api/v1/proxy-keys/{key_id}/rotate",
        "/api/v1/proxy-keys/{key_id}/revoke",
        "/api/v1/quarantine",
        "/api/v1/quarantine/{sha256}",
        "/api/v1/quarantine/{sha256}/retry",
    }


def test_a_whole_tree_carries_full_texts_parents_times_and_tokens(server: Server) -> None:
    travel = server.client.get("/api/v1/traces", params={"agent": "TRAVELSUP1", "limit": "500"}).json()["items"]
    trace = server.client.get(f"/api/v1/traces/{travel[0]['trace_id']}").json()
    by_id = {span["span_id"]: span for span in trace["spans"]}
    assert [span for span in trace["spans"] if span["parent_id"] is None] == [trace["spans"][0]]
    agents = [span for span in trace["spans"] if span["kind"] == "agent"]
    assert {span["name"] for span in agents} >= {"FlightDesk", "HotelDesk", "FareSpecialist"}
    fares = next(span for span in agents if span["name"] == "FareSpecialist")
    assert by_id[fares["parent_id"]]["name"] == "FlightDesk"
    models = [span for span in trace["spans"] if span["kind"] == "model"]
    assert all(span["tokens"]["input"] and span["input"].startswith("{") and span["output"] for span in models)
    tool = next(span for span in trace["spans"] if span["kind"] == "tool")
    assert tool["rationale"]
    assert tool["output"]
    assert tool["started_at"] < tool["ended_at"]


def test_raw_events_are_byte_true_and_importing_them_changes_nothing(server: Server) -> None:
    sent = {json.dumps(event, sort_keys=True) for line in demo_lines(SESSIONS).splitlines() for event in _events(line)}
    for summary in server.client.get("/api/v1/traces?limit=500").json()["items"]:
        lines = server.client.get(f"/api/v1/traces/{summary['trace_id']}/events").content
        for line in lines.splitlines():
            event = json.loads(line)
            assert "request" in event or "response" in event or json.dumps(event, sort_keys=True) in sent
            if "trace" in event:
                assert line in demo_lines(SESSIONS)
        again = server.client.post("/api/v1/records", content=lines).json()
        assert again["quarantined"] == 0


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_compressed_bodies_are_the_same_records(sqlite_url: str, encoding: str) -> None:
    plain = demo_lines(3)
    body = gzip.compress(plain) if encoding == "gzip" else zstandard.compress(plain)
    with serving(sqlite_url) as server:
        first = server.client.post("/api/v1/records", content=body, headers={"Content-Encoding": encoding}).json()
        second = server.client.post("/api/v1/records", content=plain).json()
    assert first["events"] == second["duplicates"] > 0
    assert second["events"] == 0


def test_pages_follow_their_cursors_to_the_end_and_back(server: Server) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = server.client.get("/api/v1/traces", params={"limit": "7", "cursor": cursor}).json()
        seen += [item["trace_id"] for item in page["items"]]
        if page["older"] is None:
            break
        cursor = page["older"]
    everything = server.client.get("/api/v1/traces?limit=500").json()["items"]
    assert seen == [item["trace_id"] for item in everything]
    back = server.client.get("/api/v1/traces", params={"limit": "7", "cursor": page["newer"]}).json()
    assert [item["trace_id"] for item in back["items"]] == seen[-len(page["items"]) - 7 : -len(page["items"])]


def test_what_cannot_be_read_is_kept_and_can_be_fetched(sqlite_url: str) -> None:
    broken = b'{"agentId": "A", "trace": {"orchestrationTrace": {"rationale": {"text": "cut'
    with serving(sqlite_url) as server:
        answer = server.client.post("/api/v1/records", content=broken)
        assert answer.status_code == 422
        assert answer.json()["quarantined"] == 1
        [piece] = server.client.get("/api/v1/quarantine").json()["items"]
        assert server.client.get(f"/api/v1/quarantine/{piece['sha256']}").content == broken


def _events(line: bytes) -> list[Any]:
    document = json.loads(line)
    found: list[Any] = document["completion"]
    return found


def _get(server: Server, path: str, model: type[BaseModel]) -> dict[str, Any]:
    answer = server.client.get(path)
    assert answer.status_code == 200, answer.text
    model.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found
