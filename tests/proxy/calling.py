"""Calls agents through the proxy for tests, and compares what callers saw with what is stored."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from tests.proxying import client_of, environment_of, first_key, free_port, said_by, start
from tests.replay.exchanges import exchange
from tracehub.bedrock.blocks import unpack
from tracehub.store import event_blocks
from tracehub.store.database import Database, parse_url

STEPS = 12
RECORDING = exchange(1, steps=STEPS)
# A call's frames: each step is a trace, and the answer is two chunks.
FRAMES = STEPS + 2
_PATIENCE = 60


# urllib3's own pass through where a chunked answer breaks off in mid-stream.
FAILURES = (ClientError, BotoCoreError, HTTPError, ParserError)


class Seen(NamedTuple):
    """What a caller got of one call; `failure` is the class of the error that ended it."""

    request_id: str | None
    events: list[dict[str, Any]]
    failure: str | None


def invoke(client: Any, session: str = "session", **more: Any) -> Seen:
    """One call, read to its end or its breaking."""
    given = {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": session, "inputText": "hello", **more}
    events: list[dict[str, Any]] = []
    request_id = None
    try:
        response = client.invoke_agent(**{"enableTrace": True, **given})
        request_id = response["ResponseMetadata"]["RequestId"]
        for event in response["completion"]:
            events.append(event)
    except FAILURES as error:
        return Seen(request_id, events, type(error).__name__)
    return Seen(request_id, events, None)


def outcome_of(client: Any, session: str) -> Seen:
    """What a caller sees of a call that cannot depend on who answers: without the request's id."""
    return invoke(client, session)._replace(request_id=None)


class Prepared(NamedTuple):
    """What proxies need that a test starts itself, one after the other: they listen at `address`."""

    address: str
    folder: Path
    environment: dict[str, str]
    key_id: str
    secret: str

    @property
    def database_url(self) -> str:
        return self.environment["TRACEHUB_DATABASE_URL"]

    def client(self) -> Any:
        return client_of(self.address, self.key_id, self.secret, connect_timeout=5)


def prepared(upstream: str, folder: Path, *, database_url: str | None = None, **settings: str) -> Prepared:
    """A database with a key, and a free port; nothing runs yet."""
    port = free_port()
    environment = environment_of(upstream, folder, database_url, {"proxy_port": str(port), **settings})
    key_id, secret = first_key(folder, environment)
    return Prepared(f"http://127.0.0.1:{port}", folder, environment, key_id, secret)


@contextmanager
def running(ready: Prepared, *words: str, silent: bool = False) -> Iterator["subprocess.Popen[str]"]:
    """A process that works in peace until the block ends."""
    process = start(ready.folder, ready.environment, *words, standing=True)
    try:
        if not silent:
            assert said_by(process, 1), (ready.folder / "errors.txt").read_text()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)


@contextmanager
def called_meanwhile(ready: Prepared, callers: int) -> Iterator[list[Seen]]:
    """So many callers call again and again, whatever befalls their calls, until the block ends; all have ended then."""
    client = ready.client()
    seen: list[Seen] = []
    enough = threading.Event()

    def call() -> None:
        while not enough.is_set():
            found = invoke(client)
            seen.append(found)
            while found.request_id is None and not enough.wait(0.02) and not _listens(ready.address):
                pass  # A call to nobody costs a hundred times what asking for the port does.

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def _listens(address: str) -> bool:
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except OSError:
        return False
    return True


class Stored(NamedTuple):
    """A call in the database: the frames as they were received, in their order; how often its request and its end were
    told; what was told of the end."""

    frames: list[bytes]
    requests: int
    ends: list[dict[str, Any]]
    ended_at: str
    session: str | None
    others: list[bytes]

    @property
    def is_whole(self) -> bool:
        return [each["end"] for each in self.ends] == ["complete"]


def stored_calls(url: str) -> dict[str, Stored]:
    """By the hex digits of the request id."""
    database = Database(parse_url(url), owned=False)
    try:
        with database.reading() as connection:
            names = event_blocks.trace_ids(connection, None, 100_000)
            blocks = event_blocks.of_traces(connection, names)
    finally:
        database.close()
    return {name: _stored(found) for name, found in blocks.items()}


def hex_of(request_id: str) -> str:
    return request_id.replace("-", "")


def assert_consistent(calls: dict[str, Stored]) -> None:
    """Nothing is doubled; what is there of a call is its beginning, and where it is not whole it says so."""
    whole = next(call.frames for call in calls.values() if call.is_whole)
    assert len(whole) == FRAMES
    for name, call in calls.items():
        assert (call.requests, len(call.ends)) == (1, 1), (name, call)
        if call.is_whole:
            assert call.frames == whole, name
        else:
            assert call.ends[0]["end"] == "failed", (name, call.ends)
            assert call.ends[0]["error"], name
            assert call.ended_at > "2026", name
            assert call.frames == whole[: len(call.frames)], name


def until_stored(url: str, true: Callable[[dict[str, Stored]], bool]) -> dict[str, Stored]:
    """What is stored as soon as this is true of it; fails with it where it does not become true."""
    end = time.monotonic() + _PATIENCE
    while not true(calls := stored_calls(url)):
        assert time.monotonic() < end, (len(calls), [name for name, call in calls.items() if not call.ends])
        time.sleep(0.1)
    return calls


def _stored(blocks: list[bytes]) -> Stored:
    events = sorted((event for block in blocks for event in unpack(block)), key=lambda event: event.index)
    assert len({event.event_id for event in events}) == len(events)
    frames = [_as_sent(event.raw) for event in events if event.kind in ("trace", "chunk")]
    ends = [json.loads(event.raw)["response"] for event in events if event.kind == "response"]
    ended_at = max((json.loads(event.raw)["receivedAt"] for event in events if event.kind == "response"), default="")
    requests = [event for event in events if event.kind == "request"]
    session = json.loads(requests[0].raw)["request"].get("sessionId") if requests else None
    others = [event.raw for event in events if event.kind not in ("trace", "chunk", "request", "response")]
    return Stored(frames, len(requests), ends, ended_at, session, others)


def _as_sent(raw: bytes) -> bytes:
    """Without the time of receipt."""
    return json.dumps({name: value for name, value in json.loads(raw).items() if name != "receivedAt"}).encode()
