"""Amazon Data Firehose delivers: by its specification, exactly once, and never so that it drops anything."""

import base64
import gzip
import json
import time
from typing import Any

import httpx
import pytest

from tests.aws.firehose import control_message, deliver, subscription_payload
from tests.aws.logs_server import LogsServer
from tests.collecting import collecting_from, imported, settled, until
from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.model.record import Record
from tracehub.model.source import CloudWatchSource
from tracehub.store import quarantine, sources

KEY = "a-long-enough-key-for-tests"
LINES = demo_lines(10).decode().splitlines()
GROUP = "/aws/lambda/agent"
WHOLE = demo_lines(10)


def test_subscription_payloads_are_stored_once(database_url: str, tmp_path: Any) -> None:
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", WHOLE)
    records = [control_message(), *_payloads()]
    with serving(database_url, api_keys=(KEY,)) as server:
        for attempt in range(3):
            delivery = deliver(_url(server), records, access_key=KEY, request_id="same", gzip=attempt != 1)
            assert delivery.delivered, delivery.problem
        until(lambda: settled(server.app, expected), "the deliveries")
        with server.app.database.reading() as connection:
            row = sources.one(connection, "Firehose tracehub")
        assert row.kind == "firehose"
        assert (row.counts.duplicates, row.counts.quarantined) == (0, 0)
        assert row.counts.events == sum(trace["event_count"] for trace in expected["traces"])


def test_records_of_other_kinds_are_decoded_too(sqlite_url: str, tmp_path: Any) -> None:
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", WHOLE)
    with serving(sqlite_url) as server:
        half = len(LINES) // 2
        records = ["\n".join(LINES[:half]).encode(), gzip.compress("".join(LINES[half:]).encode()), b""]
        assert deliver(_url(server), records, access_key="").delivered
        assert settled(server.app, expected)


def test_a_bad_record_goes_to_quarantine_and_the_others_are_stored(database_url: str) -> None:
    with serving(database_url, api_keys=(KEY,)) as server:
        answer = _post(
            server, {"requestId": "r", "timestamp": 1, "records": [{"data": "no base64!"}, *_encoded(LINES[:1])]}
        )
        assert (answer.status_code, answer.json()["requestId"]) == (200, "r")
        broken = LINES[1][: len(LINES[1]) // 2].encode()
        assert deliver(_url(server), [broken], access_key=KEY).delivered
        with server.app.database.reading() as connection:
            reasons = [row.reason for row in quarantine.page(connection, limit=10).rows]
            assert sources.one(connection, "Firehose unknown stream").counts.events > 0
        assert len(reasons) == 2
        assert any("not base64" in reason for reason in reasons)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="half-json"),
        pytest.param(b"[]", id="list"),
        pytest.param(gzip.compress(b"{}")[:-4], id="half-gzip"),
        pytest.param(gzip.compress(bytes(80 * 1024 * 1024)), id="bomb"),
    ],
)
def test_what_is_no_delivery_is_kept_and_answered_200(sqlite_url: str, body: bytes) -> None:
    with serving(sqlite_url, api_keys=(KEY,)) as server:
        headers = {"X-Amz-Firehose-Access-Key": KEY, "X-Amz-Firehose-Request-Id": "r-1"}
        answer = server.client.post("/ingest/firehose", content=body, headers=headers)
        assert (answer.status_code, answer.json()["requestId"]) == (200, "r-1")
        with server.app.database.reading() as connection:
            assert len(quarantine.page(connection, limit=10).rows) == 1


def test_the_wrong_key_is_refused_so_that_firehose_tries_again(sqlite_url: str) -> None:
    with serving(sqlite_url, api_keys=(KEY,)) as server:
        delivery = deliver(_url(server), _payloads(), access_key="wrong")
        assert [attempt.status for attempt in delivery.attempts] == [401]
        assert deliver(_url(server), _payloads(), access_key=f'{{"api_key":"{KEY}"}}').delivered


def test_a_body_too_large_is_never_answered_with_413(sqlite_url: str) -> None:
    with serving(sqlite_url, api_keys=(KEY,)) as server:
        headers = {"X-Amz-Firehose-Access-Key": KEY, "X-Amz-Firehose-Request-Id": "large"}
        answer = server.client.post("/ingest/firehose", content=bytes(66 * 1024 * 1024), headers=headers)
        assert answer.status_code == 503
        assert answer.json()["requestId"] == "large"
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_what_is_pushed_and_polled_is_one(database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stream by a subscription and by FilterLogEvents, side by side; the chunks in it name no call."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    messages = [line for exchange in LINES for line in _messages(exchange)]
    now = time.time_ns() // 1_000_000
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", "\n".join(messages).encode())
    with LogsServer() as logs:
        source = CloudWatchSource(
            name="polled", log_groups=(GROUP,), endpoint_url=logs.address, region="eu-central-1", poll_seconds=0.1
        )
        with collecting_from(database_url, source) as app:
            for start in range(0, len(messages), 20):
                events = [
                    (logs.put(GROUP, "stream", message, timestamp_ms=now + start + place), now + start + place, message)
                    for place, message in enumerate(messages[start : start + 20])
                ]
                payload = subscription_payload(GROUP, "stream", events, owner=logs.account)
                app.ingest.handle([Record(data=payload, source="pushed", received_at=now * 1000)])
            until(lambda: settled(app, expected), "both ways in to agree")


def test_a_subscription_payload_may_be_pushed_to_the_records_too(sqlite_url: str, tmp_path: Any) -> None:
    expected = imported(f"sqlite:///{tmp_path / 'whole.db'}", WHOLE)
    with serving(sqlite_url) as server:
        for payload in _payloads() * 2:
            answer = server.client.post("/api/v1/records", content=payload)
            assert answer.status_code == 200
        assert settled(server.app, expected)


def _payloads() -> list[bytes]:
    events = [(str(number), 1_790_000_000_000 + number, line) for number, line in enumerate(LINES)]
    return [subscription_payload(GROUP, "stream", events[start : start + 4]) for start in range(0, len(events), 4)]


def _messages(exchange: str) -> list[str]:
    """The events of a call as an application prints them, one a line."""
    return [json.dumps(message) for message in json.loads(exchange)["completion"]]


def _encoded(lines: list[str]) -> list[dict[str, str]]:
    return [{"data": base64.b64encode(line.encode()).decode()} for line in lines]


def _post(server: Server, content: dict[str, Any]) -> httpx.Response:
    return server.client.post("/ingest/firehose", json=content, headers={"X-Amz-Firehose-Access-Key": KEY})


def _url(server: Server) -> str:
    return f"{server.address}/ingest/firehose"
