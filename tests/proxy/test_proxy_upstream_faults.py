"""Whatever befalls AWS's answer, the caller sees what it would have seen without the proxy, and the trace says it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.collecting import until
from tests.proxy.calling import FAILURES, invoke, outcome_of, until_stored
from tests.proxy.upstreams import Answering, scripted
from tests.proxying import Proxying, client_of, free_port, proxying
from tracehub.bedrock.eventstream import encode_frame
from tracehub.store import quarantine
from tracehub.store.database import Database, parse_url

RUN = "11111111-2222-4333-8444-555555555501"
released = threading.Event()


def _frame(name: str, payload: bytes) -> bytes:
    return encode_frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


TRACE = _frame(
    "trace",
    b'{"agentId":"AGENT","sessionId":"s","trace":{"orchestrationTrace":{"rationale":{"text":"because","traceId":"%s-0"}'
    b"}}}" % RUN.encode(),
)
CHUNK = _frame("chunk", b'{"bytes":"aGVsbG8="}')
BAD = CHUNK[:-1] + bytes([CHUNK[-1] ^ 1])


def _whole(to: Answering) -> None:
    to.head()
    for frame in (TRACE, CHUNK):
        to.chunk(frame)
    to.end()


def _closed_before_the_head(to: Answering) -> None:
    to.close()


def _reset_before_the_head(to: Answering) -> None:
    to.reset()


def _cut(to: Answering) -> None:
    to.head()
    to.chunk(TRACE)
    to.chunk(CHUNK)
    to.chunk(CHUNK[:20])
    to.close()


def _cut_between_frames(to: Answering) -> None:
    to.head()
    to.chunk(TRACE + CHUNK)
    to.close()


def _cut_in_a_chunk(to: Answering) -> None:
    to.head()
    to.send(b"%x\r\n%b" % (2 * len(CHUNK), CHUNK))
    to.close()


def _short_of_its_length(to: Answering) -> None:
    to.head(framing=b"content-length: %d\r\n" % (2 * len(CHUNK)))
    to.send(CHUNK)
    to.close()


def _reset_in_the_stream(to: Answering) -> None:
    to.head()
    to.chunk(TRACE)
    released.wait(20)
    to.reset()


def _stalled(to: Answering) -> None:
    to.head()
    to.chunk(TRACE)
    released.wait(20)
    to.close()


def _stalled_before_the_head(to: Answering) -> None:
    released.wait(20)
    to.close()


def _no_http(to: Answering) -> None:
    to.send(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
    to.close()


def _refused(status: int, code: bytes) -> Any:
    def answer(to: Answering) -> None:
        body = b'{"message":"no"}'
        to.send(
            b"HTTP/1.1 %d no\r\nx-amzn-errortype: %b:http://internal\r\ncontent-type: application/json\r\n"
            b"x-amzn-requestid: %b\r\ncontent-length: %d\r\n\r\n%b"
            % (status, code, str(uuid4()).encode(), len(body), body)
        )

    return answer


def _bad_frame(to: Answering) -> None:
    to.head()
    to.chunk(TRACE + BAD)
    to.chunk(CHUNK)
    to.end()


def _closing_after_each(to: Answering) -> None:
    _whole(to)
    to.close()


def _long_headers(to: Answering) -> None:
    to.head(more=b"x-amzn-long: %b\r\n" % (b"a" * 20_000))
    to.chunk(CHUNK)
    to.end()


SCRIPTS = {
    "whole": _whole,
    "closed": _closed_before_the_head,
    "reset": _reset_before_the_head,
    "none": _no_http,
    "cut": _cut,
    "between": _cut_between_frames,
    "chunk": _cut_in_a_chunk,
    "short": _short_of_its_length,
    "reset-in": _reset_in_the_stream,
    "stalled": _stalled,
    "stalled-before": _stalled_before_the_head,
    "http500": _refused(500, b"InternalServerException"),
    "http503": _refused(503, b"ServiceUnavailableException"),
    "http429": _refused(429, b"ThrottlingException"),
    "bad": _bad_frame,
    "closing": _closing_after_each,
    "long": _long_headers,
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with scripted(SCRIPTS) as address:
        yield address


@pytest.fixture(scope="module")
def run(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    with proxying(upstream, tmp_path_factory.mktemp("faults"), proxy_open_on_loopback="true") as running:
        yield running


@pytest.fixture(autouse=True)
def _held() -> None:
    released.clear()


@pytest.mark.parametrize("fault", ["cut", "between", "short", "http500", "http503", "http429", "bad", "whole"])
def test_a_caller_sees_what_it_would_see_without_the_proxy(run: Proxying, upstream: str, fault: str) -> None:
    direct = outcome_of(_client(upstream), fault)
    assert outcome_of(_client(run.address), fault) == direct
    # botocore does not count what it was promised.
    assert (direct.failure is None) == (fault in ("whole", "short"))


@pytest.mark.parametrize("fault", ["cut", "between", "chunk", "short", "bad", "whole"])
@pytest.mark.parametrize("wants_trace", [True, False])
def test_the_bytes_are_those_that_aws_sent(run: Proxying, upstream: str, fault: str, wants_trace: bool) -> None:
    """But for the trace that the caller did not ask for, and then for the part of a frame, which may be of a trace."""
    sent, failure = _bytes(upstream, fault, wants_trace)
    if not wants_trace:
        sent = sent.replace(TRACE, b"").removesuffix(CHUNK[:20])
    assert _bytes(run.address, fault, wants_trace) == (sent, failure)


@pytest.mark.parametrize("fault", ["closed", "reset", "none"])
def test_where_nothing_came_the_proxy_says_so(run: Proxying, upstream: str, fault: str) -> None:
    assert outcome_of(_client(upstream), fault).failure is not None
    _assert_bad_gateway(_client(run.address), fault)


def test_an_upstream_that_takes_no_connection(tmp_path: Path) -> None:
    with proxying(f"http://127.0.0.1:{free_port()}", tmp_path, alone=True) as run:
        _assert_bad_gateway(run.client, "whole")
        assert run.metric("tracehub_proxy_broken_answers_total") == 1


@pytest.mark.parametrize("fault", ["stalled", "reset-in"])
def test_a_stream_that_ends_in_a_reset_or_never(run: Proxying, upstream: str, fault: str) -> None:
    """A reset may overtake what came before it, so callers have got all when it comes; of a stall they have enough."""
    seen = []
    for address in (upstream, run.address):
        released.clear()
        events: list[Any] = []
        client = _client(address, read_timeout=1 if fault == "stalled" else 30)
        stream = client.invoke_agent(**_call(fault))["completion"]
        try:
            for event in stream:
                events.append(event)
                if fault == "reset-in":
                    released.set()
        except FAILURES as error:
            seen.append((events, type(error)))
        released.set()
    assert seen[0] == seen[1]
    assert len(seen) == 2


def test_a_callers_leaving_is_noticed_while_aws_says_nothing(run: Proxying) -> None:
    released.set()
    until(lambda: run.metric("tracehub_proxy_draining_calls") == 0, "the calls of other tests to end")
    released.clear()
    with httpx.stream("POST", _url(run.address, "stalled.left"), content=b'{"enableTrace":true}') as answer:
        assert next(answer.iter_raw()) == TRACE
    until(lambda: run.metric("tracehub_proxy_draining_calls") == 1, "the proxy to notice")
    released.set()
    until(lambda: run.metric("tracehub_proxy_draining_calls") == 0, "the call to end")


def test_who_waits_no_longer_for_the_head_sees_his_own_timeout(run: Proxying, upstream: str) -> None:
    for address in (upstream, run.address):
        found = outcome_of(_client(address, read_timeout=1), "stalled-before")
        assert found.failure == "ReadTimeoutError"
    released.set()


def test_what_is_stored_says_how_it_ended(run: Proxying) -> None:
    """Each fault gave a trace with its reason."""
    reasons = {
        "closed": "AWS did not answer",
        "reset": "AWS did not answer",
        "none": "AWS did not answer",
        "cut": "AWS broke its answer off",
        "between": "AWS broke its answer off",
        "chunk": "AWS broke its answer off",
        "short": "AWS broke its answer off",
    }
    for fault in reasons:
        outcome_of(_client(run.address), f"{fault}.told")
    url = run.environment["TRACEHUB_DATABASE_URL"]
    calls = until_stored(
        url, lambda calls: sum(f"{fault}.told" in _sessions(calls) for fault in reasons) == len(reasons)
    )
    told = {call.session: call.ends[0] for call in calls.values()}
    for fault, reason in reasons.items():
        end = told[f"{fault}.told"]
        assert (end["end"], end["error"].startswith(reason)) == ("failed", True), (fault, end)


def test_a_refusal_of_aws_is_a_failed_call(run: Proxying) -> None:
    url = run.environment["TRACEHUB_DATABASE_URL"]
    outcome_of(_client(run.address), "http429.told")
    calls = until_stored(url, lambda calls: "http429.told" in _sessions(calls))
    assert any(b"throttlingException" in each for call in calls.values() for each in call.others)


def test_a_frame_that_cannot_be_read_stands_in_quarantine(run: Proxying) -> None:
    url = run.environment["TRACEHUB_DATABASE_URL"]
    assert _bytes(run.address, "bad.kept", True) == (TRACE + BAD + CHUNK, None)
    calls = until_stored(url, lambda calls: "bad.kept" in _sessions(calls))
    call = next(call for call in calls.values() if call.session == "bad.kept")
    assert call.is_whole
    assert len(call.frames) == 2
    database = Database(parse_url(url), owned=False)
    with database.reading() as connection:
        assert BAD in {quarantine.data(connection, sha256) for sha256 in quarantine.every_id(connection)}
    database.close()


def test_connections_that_aws_closes_after_each_answer_fail_no_call(run: Proxying) -> None:
    client = _client(run.address)
    assert [outcome_of(client, "closing").failure for _ in range(30)] == [None] * 30


def test_long_headers_come_back(run: Proxying) -> None:
    assert outcome_of(_client(run.address), "long").failure is None


def test_a_request_of_megabytes_passes(run: Proxying) -> None:
    assert invoke(_client(run.address), "whole", inputText="x" * 3_000_000).failure is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputText":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"sessionState":{"sessionAttributes":[1],"files":[1]}}',
        b'{"inputText":123456789012345678901234567890}',
        b'{"inputText":"\\ud800 \\u0000"}',
        b'{"inputText":"\xff"}',
        b"",
        b"null",
    ],
)
def test_whatever_the_body_is_it_is_awss_to_judge(run: Proxying, body: bytes) -> None:
    given = httpx.post(_url(run.address, "whole"), content=body, headers={"content-type": "application/json"})
    assert given.status_code == 200
    assert CHUNK in given.content


def _client(address: str, **options: Any) -> Any:
    return client_of(address, "AKIDANYBODY000000000", "secret", **options)


def _call(session: str) -> dict[str, Any]:
    return {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": session, "inputText": "hi", "enableTrace": True}


def _url(address: str, session: str) -> str:
    return f"{address}/agents/AGENT/agentAliases/ALIAS/sessions/{session}/text"


def _bytes(address: str, session: str, wants_trace: bool) -> tuple[bytes, type[Exception] | None]:
    """What came over the wire, and what ended it."""
    got = bytearray()
    body = b'{"inputText":"hi","enableTrace":true}' if wants_trace else b'{"inputText":"hi"}'
    try:
        with httpx.stream("POST", _url(address, session), content=body) as answer:
            for piece in answer.iter_raw():
                got += piece
    except httpx.HTTPError as error:
        return bytes(got), type(error)
    return bytes(got), None


def _assert_bad_gateway(client: Any, session: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.invoke_agent(**_call(session))
    assert caught.value.response["Error"]["Code"] == "BadGatewayException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502


def _sessions(calls: Any) -> set[str]:
    return {call.session for call in calls.values() if call.ends}
