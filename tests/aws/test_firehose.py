"""The Firehose deliverer sends what AWS sends, and believes an answer only where AWS does."""

import gzip
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.aws.firehose import LARGEST_RECORD, SOURCE_ARN, Delivery, control_message, deliver, subscription_payload


@dataclass(frozen=True)
class Seen:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        compressed = self.headers.get("Content-Encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if compressed else self.body)


Answer = Callable[[Any], tuple[int, dict[str, str], bytes]]


@contextmanager
def endpoint(*answers: Answer) -> Iterator[tuple[str, list[Seen]]]:
    """Its URL and what it saw; answers one after the other, the last one for ever."""
    seen: list[Seen] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(Seen(self.path, dict(self.headers), body))
            status, headers, answer = answers[min(len(seen), len(answers)) - 1](seen[-1].document)
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/ingest/firehose?a=b", seen
        finally:
            server.shutdown()
            thread.join()


def answering(
    status: int = 200, headers: dict[str, str | None] | None = None, body: bytes | None = None, **fields: Any
) -> Answer:
    """A right answer but for what is named here."""

    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        document = {"requestId": request["requestId"], "timestamp": 1_700_000_000_000, **fields}
        sent = json.dumps(document).encode() if body is None else body
        usual = {"Content-Type": "application/json", "Content-Length": str(len(sent))}
        changed = {**usual, **(headers or {})}
        return status, {name: value for name, value in changed.items() if value is not None}, sent

    return answer


def delivered_to(answer: Answer) -> Delivery:
    with endpoint(answer) as (url, _):
        return deliver(url, [b"x"], access_key="key")


def test_a_batch_arrives_as_aws_sends_it() -> None:
    with endpoint(answering()) as (url, seen):
        delivery = deliver(
            url,
            [b"one", b""],
            access_key="sécret-kéy".encode().decode("latin-1"),
            request_id="r-1",
            common_attributes={"team": "a"},
            timestamp_ms=5,
        )
    assert delivery.delivered
    [request] = seen
    assert request.path == "/ingest/firehose?a=b"
    assert request.document == {"requestId": "r-1", "timestamp": 5, "records": [{"data": "b25l"}, {"data": ""}]}
    expected = {
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": "r-1",
        "X-Amz-Firehose-Source-Arn": SOURCE_ARN,
        "X-Amz-Firehose-Access-Key": "sécret-kéy".encode().decode("latin-1"),
        "X-Amz-Firehose-Common-Attributes": '{"commonAttributes":{"team":"a"}}',
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
    }
    assert {name: request.headers[name] for name in expected} == expected


def test_a_batch_may_come_uncompressed() -> None:
    with endpoint(answering()) as (url, seen):
        assert deliver(url, [b"one"], access_key="key", gzip=False).delivered
    assert "Content-Encoding" not in seen[0].headers
    assert b64decode(seen[0].document["records"][0]["data"]) == b"one"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (answering(status=201), "status 201"),
        (answering(status=302, headers={"Location": "/"}), "status 302"),
        (answering(status=500), "status 500"),
        (answering(headers={"Content-Type": "text/html"}), "Content-Type is text/html"),
        (answering(headers={"Content-Type": None}), "Content-Type is None"),
        (answering(headers={"Content-Length": None}), "Content-Length is missing"),
        (answering(headers={"Content-Encoding": "gzip"}), "Content-Encoding is gzip"),
        (answering(body=b"ok"), "the answer is no JSON"),
        (answering(body=b"[]"), "the answer is no JSON object"),
        (answering(requestId="another"), "requestId is 'another'"),
        (answering(timestamp="2026-01-01T00:00:00Z"), "timestamp is '2026-01-01T00:00:00Z'"),
        (answering(timestamp=1.5), "timestamp is 1.5"),
        (answering(timestamp=True), "timestamp is True"),
        (answering(errorMessage="e" * 8193), "errorMessage is no text of at most 8192 characters"),
        (answering(body=b" " * (1024 * 1024 + 1)), "the answer has 1048577 bytes"),
    ],
)
def test_an_answer_that_aws_does_not_accept_is_a_failure(answer: Answer, problem: str) -> None:
    delivery = delivered_to(answer)
    assert not delivery.delivered
    assert not delivery.lost
    assert delivery.problem == problem


def test_an_error_message_beside_a_200_does_no_harm() -> None:
    assert delivered_to(answering(errorMessage="one record was bad")).delivered


def test_a_batch_is_sent_again_under_the_same_id_after_growing_pauses() -> None:
    pauses: list[float] = []
    with endpoint(answering(status=503), answering(timestamp=None), answering()) as (url, seen):
        delivery = deliver(url, [b"x"], access_key="key", attempts=5, wait=pauses.append)
    assert delivery.delivered
    assert [attempt.status for attempt in delivery.attempts] == [503, 200, 200]
    assert {request.document["requestId"] for request in seen} == {delivery.request_id}
    assert pauses == [1.0, 2.0]


def test_a_413_loses_the_batch_without_another_attempt() -> None:
    with endpoint(answering(status=413), answering()) as (url, seen):
        delivery = deliver(url, [b"x"], access_key="key", attempts=5)
    assert delivery.lost
    assert len(seen) == 1


def test_no_answer_is_a_failure_that_is_tried_again() -> None:
    with endpoint(answering()) as (url, _):
        pass
    delivery = deliver(url, [b"x"], access_key="key", attempts=2)
    assert [attempt.status for attempt in delivery.attempts] == [None, None]
    assert not delivery.delivered
    assert not delivery.lost


@pytest.mark.parametrize("records", [[], [b"x"] * 10_001, [b"x" * (LARGEST_RECORD + 1)], [b"x" * LARGEST_RECORD] * 50])
def test_a_batch_that_aws_never_sends_is_refused(records: list[bytes]) -> None:
    with pytest.raises(ValueError, match="AWS sends"):
        deliver("http://127.0.0.1:9/", records, access_key="key")


def test_a_subscription_carries_the_events_of_one_stream() -> None:
    assert json.loads(gzip.decompress(subscription_payload("/group", "stream", [("id", 5, "text")]))) == {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/group",
        "logStream": "stream",
        "subscriptionFilters": ["tracehub"],
        "logEvents": [{"id": "id", "timestamp": 5, "message": "text"}],
    }


def test_a_control_message_names_no_group() -> None:
    document = json.loads(gzip.decompress(control_message()))
    assert (document["messageType"], document["logGroup"]) == ("CONTROL_MESSAGE", "")
