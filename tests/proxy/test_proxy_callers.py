"""Callers that do not read, that leave, or that are many harm neither others nor the traces."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.collecting import until
from tests.proxy.calling import FRAMES, RECORDING, assert_consistent, hex_of, prepared, running, until_stored
from tests.proxy.upstreams import Answering, scripted
from tests.proxying import REGION, Proxying, proxying
from tests.replaying import replaying
from tracehub.bedrock.eventstream import encode_frame
from tracehub.proxy.answer_body import AnswerBody
from tracehub.proxy.drain import Drain
from tracehub.proxy.metrics import Metrics, Spooled
from tracehub.proxy.terms import Terms

PATH = "/agents/AGENT/agentAliases/ALIAS/sessions/{}/text"
BODY = b'{"inputText":"hi","enableTrace":true}'
MIB = 1024 * 1024
LARGE = encode_frame({":event-type": "chunk", ":message-type": "event"}, bytes(64 * 1024))
LARGE_COUNT = 1500


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    with (
        replaying(RECORDING, options=("--match", "any", "--speed", "0", "--fault", "slow=30ms")) as upstream,
        proxying(upstream, tmp_path_factory.mktemp("callers"), proxy_open_on_loopback="true") as running_proxy,
    ):
        yield running_proxy


def test_who_does_not_read_slows_aws_down_and_fills_no_memory(tmp_path: Path) -> None:
    sent = 0
    blocked = threading.Event()

    def pour(to: Answering) -> None:
        nonlocal sent
        to.head()
        to.patience(1.5)
        for _ in range(LARGE_COUNT):
            while not to.chunk_or_wait(LARGE):
                blocked.set()
            sent += len(LARGE)
        to.end()

    with scripted({"large": pour}) as upstream:
        ready = prepared(upstream, tmp_path, proxy_open_on_loopback="true")
        with running(ready, "proxy") as process, httpx.Client() as client:
            client.get(f"{ready.address}/__tracehub/health")
            before = _resident(process.pid)
            with client.stream("POST", ready.address + PATH.format("large"), content=BODY) as answer:
                assert blocked.wait(60)
                assert sent < 40 * MIB
                assert _resident(process.pid) - before < 48 * MIB
                got = hashlib.sha256()
                for piece in answer.iter_raw():
                    got.update(piece)
    assert got.digest() == hashlib.sha256(LARGE * LARGE_COUNT).digest()


@pytest.mark.parametrize("frames", [0, 1, 5, 13])
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_the_trace_of_a_caller_who_left_is_whole(run: Proxying, version: str, frames: int) -> None:
    with httpx.Client(http1=version == "1.1", http2=version == "2") as client:
        request = client.build_request("POST", run.address + PATH.format("s"), content=BODY)
        answer = client.send(request, stream=True)
        pieces = answer.iter_raw()
        for _ in range(frames):
            next(pieces)
        name = hex_of(answer.headers["x-amzn-requestid"])
    calls = until_stored(
        run.environment["TRACEHUB_DATABASE_URL"], lambda calls: bool(name in calls and calls[name].ends)
    )
    assert_consistent(calls)
    assert calls[name].is_whole
    assert len(calls[name].frames) == FRAMES


def test_who_leaves_before_the_answer_begins_is_no_matter_either(run: Proxying) -> None:
    left = run.metric("tracehub_proxy_callers_left_total")
    parts = urlsplit(run.address)
    for _ in range(5):
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
            head = f"POST {PATH.format('s')} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-length: {len(BODY)}\r\n\r\n"
            connection.sendall(head.encode() + BODY)
    until(lambda: run.metric("tracehub_proxy_callers_left_total") == left + 5, "the proxy to notice")
    url = run.environment["TRACEHUB_DATABASE_URL"]
    calls = until_stored(url, lambda calls: sum(bool(call.ends) for call in calls.values()) == len(calls) >= 5)
    assert_consistent(calls)


def test_three_hundred_calls_at_once_arrive_whole(run: Proxying) -> None:
    async def call(session: aiohttp.ClientSession, number: int) -> tuple[str, bytes]:
        url = run.address + PATH.format(f"many-{number}")
        request = AWSRequest("POST", url, data=BODY, headers={"content-type": "application/json"})
        SigV4Auth(Credentials(run.key_id, run.secret), "bedrock", REGION).add_auth(request)
        async with session.post(url, data=BODY, headers=dict(request.headers.items())) as answer:
            assert answer.status == 200
            return hex_of(answer.headers["x-amzn-requestid"]), await answer.read()

    async def all_at_once() -> list[tuple[str, bytes]]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return await asyncio.gather(*(call(session, number) for number in range(300)))

    answers = asyncio.run(all_at_once())
    assert len({data for _, data in answers}) == 1
    names = {name for name, _ in answers}
    assert len(names) == 300
    url = run.environment["TRACEHUB_DATABASE_URL"]
    calls = until_stored(url, lambda calls: names <= {name for name, call in calls.items() if call.ends})
    assert_consistent(calls)
    assert all(calls[name].is_whole for name in names)
    assert run.metric("tracehub_proxy_calls_not_kept_total") == 0


def test_only_so_many_bytes_are_read_without_a_caller() -> None:
    assert _drained(Terms(drain_bytes=100), [b"x" * 40] * 10) == [b"x" * 40] * 3


def test_only_so_long_is_read_without_a_caller() -> None:
    got = _drained(Terms(drain_seconds=0.05), None)
    assert got
    assert set(got) == {b"more"}


def test_who_says_nothing_is_not_waited_for_without_a_caller() -> None:
    assert _drained(Terms(drain_silence_seconds=0.01), [b"first", None]) == [b"first"]


def test_only_so_many_calls_are_read_without_a_caller() -> None:
    async def count() -> list[bool]:
        metrics = _metrics()
        terms = Terms(drains=2)
        first, second, third = (Drain(terms, metrics) for _ in range(3))
        assert await third.next(_body([b"never"])) is None
        third.end()
        first.end()
        return [first.allowed, second.allowed, third.allowed, Drain(terms, metrics).allowed]

    assert asyncio.run(count()) == [True, True, False, True]


class _Pieces:
    """A body that gives these pieces, waits for ever at None, and goes on for ever where there are no pieces at all."""

    def __init__(self, pieces: list[bytes | None] | None) -> None:
        self._pieces = None if pieces is None else iter(pieces)

    async def next(self) -> bytes:
        await asyncio.sleep(0.001)
        piece = b"more" if self._pieces is None else next(self._pieces, b"")
        if piece is None:
            await asyncio.Event().wait()
        return piece or b""


def _body(pieces: list[bytes | None] | None) -> AnswerBody:
    return cast(AnswerBody, _Pieces(pieces))


def _drained(terms: Terms, pieces: list[bytes | None] | list[bytes] | None) -> list[bytes]:
    async def drain() -> list[bytes]:
        one = Drain(terms, _metrics())
        body = _body(cast("list[bytes | None] | None", pieces))
        got = []
        while data := await one.next(body):
            got.append(data)
        assert data is None
        return got

    return asyncio.run(drain())


def _metrics() -> Metrics:
    return Metrics(lambda: Spooled(0, 0, 0))


def _resident(pid: int) -> int:
    """Bytes of memory."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) * 1024
