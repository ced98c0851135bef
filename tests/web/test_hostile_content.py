"""Traces that hold what JSON, UTF-8 and databases cannot are stored and shown, not stumbled over."""

import json
from collections.abc import Iterator

import orjson
import pytest

from tests.serving import Server, serving
from tracehub.model.record import Limits

STEP = "11111111-2222-3333-4444-555555555555-0"


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url) as running:
        yield running


def _nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


def _event(**step: object) -> bytes:
    trace = {"orchestrationTrace": step}
    who = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "agentVersion": "1", "sessionId": "hostile"}
    return json.dumps({**who, "eventTime": "2026-11-20T08:00:00Z", "trace": trace}).encode()


HOSTILE = {
    "zero and lone surrogate": _event(rationale={"traceId": STEP, "text": "a\x00b \ud800 c"}),
    "huge numbers": _event(
        modelInvocationInput={"traceId": STEP, "text": "p\x00", "inferenceConfiguration": {"topK": 2**70}}
    ),
    "huge tokens": _event(
        modelInvocationOutput={
            "traceId": STEP,
            "metadata": {"usage": {"inputTokens": 2**64, "outputTokens": 2**63}},
            "rawResponse": {"content": "\udfff"},
        }
    ),
    "not a number": _event(
        invocationInput={
            "traceId": STEP,
            "actionGroupInvocationInput": {
                "actionGroupName": "g\x00",
                "function": "f\ud800",
                "parameters": [{"name": "p", "type": "number", "value": float("nan")}],
            },
        }
    ),
    "deep": _event(
        modelInvocationInput={
            "traceId": STEP,
            "text": "p",
            "inferenceConfiguration": _nested(Limits().max_depth - 5),
        }
    ),
}

# The others are no JSON that UTF-8 can hold: the decoder writes them anew (bedrock/tolerant.py).
STRICT = {"huge numbers", "deep"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_stored_and_every_view_of_it_answers(server: Server, name: str) -> None:
    client = server.client
    counts = client.post("/api/v1/records", content=HOSTILE[name])
    assert (counts.status_code, counts.json()["events"]) == (200, 1)
    [trace] = client.get("/api/v1/traces").json()["items"]
    address = f"/api/v1/traces/{trace['trace_id']}"
    event = client.get(f"{address}/events").content
    assert orjson.loads(event)
    if name in STRICT:
        assert event == HOSTILE[name] + b"\n"
    for span in client.get(address).json()["spans"]:
        step = f"{trace['trace_id']}.{span['span_id']}"
        assert client.get("/sessions/hostile", params={"step": step}).status_code == 200
    for path in ("/api/v1/sessions/hostile", "/api/v1/tools", "/tools", "/sessions"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("source", ["a%00b", "%ff%ed%a0%80", "x" * 9000, "%0d%0aX: y", "\N{SNOWMAN}"])
def test_no_name_of_a_source_keeps_its_records_from_quarantine(server: Server, source: str) -> None:
    broken = b'{"agentId": "A", "trace": {"orchestrationTrace": {"rationale": {"text": "cut'
    headers = {b"X-Tracehub-Source": source.encode()}
    assert server.client.post("/api/v1/records", content=broken, headers=headers).status_code == 422
    assert len(server.client.get("/api/v1/quarantine").json()["items"]) == 1
    assert server.client.get("/quarantine").status_code == 200
