"""What is kept of a call's request: what was allowed by name, and nothing else; odd requests harm nobody."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.proxy.asking import PATH, ask
from tests.proxy.echoing import Asked, Echo, echoing
from tests.proxying import Proxying, proxying

ATTEMPT = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "amz-sdk-invocation-id": "11111111-2222-4333-8444-555555555555",
    "amz-sdk-request": "attempt=2; max=3",
    "x-secret-header": "HIDDEN header",
}
RESULTS = [{"functionResult": {"actionGroup": "g", "function": "f", "responseBody": {"TEXT": {"body": "done"}}}}]
ASKED = {
    "inputText": "hi",
    "memoryId": "memory-1",
    "endSession": False,
    "bedrockModelConfigurations": {"HIDDEN": "HIDDEN"},
    "sessionState": {
        "sessionAttributes": {"shown": "SHOWN session", "other": "HIDDEN session"},
        "promptSessionAttributes": {"shown": "SHOWN prompt", "other": "HIDDEN prompt"},
        "files": [{"name": "a.csv", "source": {"byteContent": {"data": "HIDDENHIDDEN", "mediaType": "text/csv"}}}],
        "invocationId": "i-1",
        "returnControlInvocationResults": RESULTS,
        "knowledgeBaseConfigurations": [{"knowledgeBaseId": "HIDDEN"}],
        "conversationHistory": {"messages": [{"role": "user", "content": [{"text": "HIDDEN"}]}]},
    },
}
KEPT = {
    "agentId": "AGENT12345",
    "agentAliasId": "ALIAS12345",
    "sessionId": "one",
    "inputText": "hi",
    "memoryId": "memory-1",
    "endSession": False,
    "sessionState": {
        "invocationId": "i-1",
        "returnControlInvocationResults": RESULTS,
        "sessionAttributes": {"shown": "SHOWN session", "other": None},
        "promptSessionAttributes": {"shown": "SHOWN prompt", "other": None},
        "files": [{"name": "a.csv"}],
    },
    "traceparent": ATTEMPT["traceparent"],
    "sdkInvocationId": ATTEMPT["amz-sdk-invocation-id"],
    "sdkRequest": ATTEMPT["amz-sdk-request"],
}
ODD: dict[str, bytes] = {
    "nested": b'{"inputText":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested less": b'{"sessionState":{"returnControlInvocationResults":' + b"[" * 900 + b"]" * 900 + b"}}",
    "nested a bit": b'{"inputText":' + b"[" * 300 + b"]" * 300 + b"}",
    "a great number": b'{"memoryId":' + b"9" * 30 + b"}",
    "half a character": b'{"inputText":"\\ud800"}',
    "no UTF-8": b'{"inputText":"\xff"}',
    "an endless number": b'{"inputText":1e400,"memoryId":' + b"9" * 5000 + b"}",
    "files that are none": b'{"sessionState":{"files":["x",{"name":{"a":1}},null]}}',
    "a file": b'{"sessionState":{"files":5}}',
    "attributes that are none": b'{"sessionState":{"sessionAttributes":["HIDDEN"],"promptSessionAttributes":"HIDDEN"}}',
    "a state": b'{"sessionState":"HIDDEN"}',
    "numbers": b'{"inputText":5,"memoryId":[],"endSession":{},"agentName":7,"foundationModel":null}',
    "a trace of no kind": b'{"enableTrace":"yes"}',
    "an array": b'["HIDDEN"]',
    "nothing": b"",
    "no JSON": b"HIDDEN=1",
    "a null character": b'{"inputText":"a\\u0000b"}',
}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def run(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(echo.address, folder, proxy_attributes="shown") as running:
        yield running
    said = (folder / "errors.txt").read_text()
    assert "Traceback" not in said
    assert "HIDDEN" not in said


def test_what_is_kept_of_a_request_is_what_was_allowed(run: Proxying, echo: Echo) -> None:
    request = _asked(run, echo, json.dumps(ASKED, separators=(",", ":")).encode(), headers=ATTEMPT)
    assert request == KEPT


def test_an_inline_agents_request_is_kept_alike(run: Proxying, echo: Echo) -> None:
    body = {
        "inputText": "hi",
        "foundationModel": "m",
        "instruction": "HIDDEN",
        "inlineSessionState": {"sessionAttributes": {"shown": "SHOWN", "other": "HIDDEN"}},
    }
    assert _asked(run, echo, json.dumps(body, separators=(",", ":")).encode(), target="/agents/one") == {
        "sessionId": "one",
        "inputText": "hi",
        "foundationModel": "m",
        "sessionState": {"sessionAttributes": {"shown": "SHOWN", "other": None}},
    }


def test_the_spool_holds_no_more(echo: Echo, tmp_path: Path) -> None:
    """Nobody reads it here."""
    with proxying(echo.address, tmp_path, alone=True, proxy_attributes="shown") as run:
        assert ask(run, body=json.dumps(ASKED, separators=(",", ":")).encode(), headers=ATTEMPT).status == 200
        echo.take()
    spooled = b"".join(file.read_bytes() for file in (tmp_path / "tracehub-spool").rglob("*") if file.is_file())
    assert b"SHOWN session" in spooled
    assert b"SHOWN prompt" in spooled
    assert b"HIDDEN" not in spooled


@pytest.mark.parametrize("name", ODD)
def test_an_odd_request_goes_on_as_it_is_and_is_a_trace(run: Proxying, echo: Echo, name: str) -> None:
    request = _asked(run, echo, ODD[name])
    assert request is not None
    assert "HIDDEN" not in json.dumps(request)


def _asked(run: Proxying, echo: Echo, body: bytes, target: str = PATH, **more: Any) -> dict[str, Any] | None:
    """What tracehub holds of the request of a call that AWS got, as it was but for the trace that is asked for."""
    request_id = str(uuid4())

    def answered(asked: Asked) -> bytes:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\nx-amzn-requestid: {request_id}"
        return f"{head}\r\ncontent-length: 0\r\n\r\n".encode()

    echo.answer = answered
    assert ask(run, target=target, body=body, **more).status == 200
    arrived = echo.take().body
    assert arrived in (body, body[:-1] + b"," * (len(body) > 2) + b'"enableTrace":true}')
    return _stored(run, UUID(request_id).hex)


def _stored(run: Proxying, trace_id: str) -> dict[str, Any] | None:
    deadline = time.monotonic() + 30
    while True:
        answer = httpx.get(f"{run.web}/api/v1/traces/{trace_id}/events")
        if answer.status_code == 200:
            return next((json.loads(line).get("request") for line in answer.text.splitlines()), None)
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
