"""AWS's JavaScript SDK through the proxy's server, over both protocols.

Of the SDK's two ways, version 3.967.0 (the last one for Node.js 18) takes HTTP/1.1 and 3.1164.0 HTTP/2 by default.
"""

import asyncio
import base64
import re
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from tests import certificates, javascript
from tests.proxy.listening import listening, run
from tracehub.bedrock.eventstream import encode_frame

_PARTS = [f"part {number}".encode() for number in range(20)]


class Agent:
    """Answers InvokeAgent with one chunk for each part, and keeps what it was asked."""

    def __init__(self, breaks: bool = False) -> None:
        self.scope: Scope = {}
        self.body = b""
        self._breaks = breaks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        more = True
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]
        headers = [
            (b"content-type", b"application/json"),
            (b"x-amzn-requestid", b"6f7b2b4e-0000-4000-8000-000000000000"),
            (b"x-amzn-bedrock-agent-content-type", b"application/json"),
            (b"x-amz-bedrock-agent-session-id", b"a:b._-1"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in _PARTS:
            await send({"type": "http.response.body", "body": _chunk(part), "more_body": True})
        if self._breaks:
            # Node.js tells of a broken stream before it hands on the last bytes that came at the same time.
            await asyncio.sleep(0.5)
            raise ConnectionError("the upstream is gone")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _chunk(part: bytes) -> bytes:
    headers = {":message-type": "event", ":event-type": "chunk", ":content-type": "application/json"}
    return encode_frame(headers, b'{"bytes":"%s"}' % base64.b64encode(part))


def _invoke(agent: Agent, handler: str) -> javascript.Answer:
    answers: list[javascript.Answer] = []

    async def test() -> None:
        async with listening(agent) as server:
            answers.append(
                await asyncio.to_thread(
                    javascript.invoke,
                    server.address,
                    sessionId="a:b._-1",
                    inputText="Hello",
                    enableTrace=True,
                    requestHandler=handler,
                )
            )

    run(test())
    return answers[0]


@pytest.mark.parametrize(("handler", "version"), [("http2", "2"), ("http1", "1.1")])
def test_the_sdk_gets_every_event(handler: str, version: str) -> None:
    agent = Agent()
    answer = _invoke(agent, handler)
    assert answer.error is None
    assert answer.events == [{"chunk": {"bytes": base64.b64encode(part).decode()}} for part in _PARTS]
    assert answer.response is not None
    assert answer.response["sessionId"] == "a:b._-1"
    assert agent.scope["http_version"] == version
    assert agent.scope["raw_path"] == b"/agents/AGENT12345/agentAliases/ALIAS12345/sessions/a%3Ab._-1/text"
    assert agent.body == b'{"enableTrace":true,"inputText":"Hello"}'
    assert [name for name, _ in agent.scope["headers"]].count(b"host") == 1


@pytest.mark.parametrize(("handler", "signed"), [("http2", ":authority"), ("http1", "host")])
def test_the_sdk_signs_authority_over_http2_and_host_over_http1(handler: str, signed: str) -> None:
    agent = Agent()
    _invoke(agent, handler)
    authorization = dict(agent.scope["headers"])[b"authorization"].decode()
    names = re.search(r"SignedHeaders=([^,]+)", authorization)
    assert names is not None
    assert {":authority", "host"} & set(names[1].split(";")) == {signed}


@pytest.mark.parametrize("handler", ["http2", "http1"])
def test_the_sdk_sees_a_stream_that_breaks(handler: str) -> None:
    answer = _invoke(Agent(breaks=True), handler)
    assert len(answer.events) == len(_PARTS)
    assert answer.response is None
    assert answer.error is not None


def test_the_sdk_speaks_http2_under_tls(tmp_path: Path) -> None:
    certificate, key = certificates.issue(tmp_path)
    agent = Agent()

    async def test() -> None:
        async with listening(agent, certificate=certificate, key=key) as server:
            answer = await asyncio.to_thread(
                javascript.invoke,
                server.address,
                certificate=certificate,
                requestHandler="http2",
                sessionId="s",
                inputText="Hello",
            )
            assert answer.error is None
            assert len(answer.events) == len(_PARTS)

    run(test())
    assert (agent.scope["http_version"], agent.scope["scheme"]) == ("2", "https")
