"""Every answer of a receiver is taken for what it means: the rows of the sender's state table."""

import socket
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.exporters.receiver import TAKEN, Answer, Receiver, partly, receiving, refusing
from tracehub.exporters.otlp_http import Endpoint, post, retry_after
from tracehub.exporters.outcome import (
    Broken,
    Delivered,
    Misconfigured,
    Outcome,
    PartlyRejected,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.outbound import Outbound

NOW = 1_790_000_000.0
EMPTY = ExportTraceServiceRequest().SerializeToString()
PROTOBUF = {"Content-Type": "application/x-protobuf"}
BAD_SPAN = ExportTracePartialSuccess(rejected_spans=3, error_message="bad span").SerializeToString()
JSON = {"Content-Type": "application/json; charset=utf-8"}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    found = Outbound(["127.0.0.0/8"])
    yield found
    found.close()


def sent(outbound: Outbound, receiver: Receiver, answer: Answer, seconds: float = 10) -> Outcome:
    receiver.answers = lambda _: answer
    endpoint = Endpoint(url=f"{receiver.address}/v1/traces", headers={"api-key": "k"}, seconds=seconds)
    return post(outbound, endpoint, EMPTY, clock=lambda: NOW)


def json_answer(**partial: object) -> bytes:
    answer = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(**partial))  # type: ignore[arg-type]
    return MessageToJson(answer).encode()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TAKEN, Delivered()),
        (Answer(status=202), Delivered()),
        (Answer(status=204), Delivered()),
        (Answer(status=202, body=b"{}", headers=JSON), Delivered()),
        (Answer(body=json_answer(), headers=JSON), Delivered()),
        (Answer(body=json_answer(error_message="use fewer tags"), headers=JSON), Delivered("use fewer tags")),
        (partly(0, "use fewer tags"), Delivered("use fewer tags")),
        (partly(7, "too old"), PartlyRejected(7, "too old")),
        (Answer(body=json_answer(rejected_spans=7), headers=JSON), PartlyRejected(7, "it gave no reason")),
        (refusing(429), RetryLater("HTTP 429: no")),
        (refusing(429, retry_after="30"), RetryLater("HTTP 429: no", 30.0)),
        (refusing(503, retry_after=formatdate(NOW + 7200, usegmt=True)), RetryLater("HTTP 503: no", 7200.0)),
        (refusing(502, b""), RetryLater("HTTP 502")),
        (refusing(504), RetryLater("HTTP 504: no")),
        (refusing(408), RetryLater("HTTP 408: no")),
        (refusing(413), TooLarge("HTTP 413: no")),
        (refusing(401), Refused("HTTP 401: no")),
        (refusing(403), Refused("HTTP 403: no")),
        (
            refusing(400, BAD_SPAN, Content_Type="application/x-protobuf"),
            Poison("HTTP 400: bad span"),
        ),
        (refusing(422), Poison("HTTP 422: no")),
        (refusing(404), Misconfigured("HTTP 404: no")),
        (refusing(415), Misconfigured("HTTP 415: no")),
        (refusing(500), Broken("HTTP 500: no")),
        (refusing(501), Broken("HTTP 501: no")),
    ],
    ids=lambda value: f"{value.status}-{len(value.body)}" if isinstance(value, Answer) else type(value).__name__,
)
def test_an_answer_means(outbound: Outbound, receiver: Receiver, answer: Answer, expected: Outcome) -> None:
    assert sent(outbound, receiver, answer) == expected


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=302, headers={"Location": "https://login/"}, takes=False), "redirects to https://login/"),
        (Answer(body=b"<html>Log in</html>", headers={"Content-Type": "text/html"}), "content type text/html"),
        (Answer(body=b"OK"), "content type not told"),
        (Answer(body=b"[1]", headers=JSON), "none of OTLP"),
        (Answer(body=b"{", headers=JSON), "none of OTLP"),
        (Answer(body=b"\xff\xff\xff", headers=PROTOBUF), "none of OTLP"),
        (Answer(headers=PROTOBUF, endless=True), "more than 4194304 bytes"),
    ],
    ids=lambda value: f"{value.status}-{value.body[:5]!r}" if isinstance(value, Answer) else "",
)
def test_who_answers_in_other_words_is_not_the_receiver_that_was_meant(
    outbound: Outbound, receiver: Receiver, answer: Answer, said: str
) -> None:
    outcome = sent(outbound, receiver, answer)
    assert isinstance(outcome, Misconfigured)
    assert said in outcome.reason


@pytest.mark.parametrize(
    "answer",
    [Answer(wait_seconds=1), Answer(hangs_up=True), Answer(headers=PROTOBUF, drips=True)],
    ids=["slow", "hung up", "without end"],
)
def test_silence_is_worth_another_try(outbound: Outbound, receiver: Receiver, answer: Answer) -> None:
    assert isinstance(sent(outbound, receiver, answer, seconds=0.2), RetryLater)


def test_nobody_there_is_worth_another_try_and_a_forbidden_address_is_not(outbound: Outbound) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Endpoint(url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1/traces", headers={})
        assert isinstance(post(outbound, nobody, EMPTY, clock=lambda: NOW), RetryLater)
    metadata = Endpoint(url="http://169.254.169.254/v1/traces", headers={})
    assert isinstance(post(outbound, metadata, EMPTY, clock=lambda: NOW), Misconfigured)


def test_a_request_is_gzipped_protobuf_with_the_headers_of_the_destination(
    outbound: Outbound, receiver: Receiver
) -> None:
    sent(outbound, receiver, TAKEN)
    request = receiver.requests[-1]
    assert request.path == "/v1/traces"
    told = {name: request.headers[name] for name in ("content-type", "content-encoding", "api-key", "user-agent")}
    assert told == {
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
        "api-key": "k",
        "user-agent": "tracehub",
    }


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", 86_400),
        (formatdate(NOW + 90, usegmt=True), 90),
        (formatdate(NOW - 90, usegmt=True), 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds
