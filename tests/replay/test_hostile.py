"""What does not fit: requests that are none, recordings that cannot be read, streams that broke when recorded."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
import zstandard
from botocore.exceptions import ClientError
from urllib3.exceptions import ProtocolError

from tests.conftest import CHECKOUT
from tests.replay.asking import answer_in, ask, runtime_of
from tests.replay.exchanges import RUN, exchange
from tests.replaying import replaying
from tests.serving import serving
from tests.traffic import demo_lines
from tracehub.bedrock.eventstream import encode_frame
from tracehub.bedrock.eventstream_headers import HeaderValue

PATH = "/agents/AGENT/agentAliases/ALIAS/sessions/session/text"
BROKEN = b'{"agentId": "A", "trace": {"orchestrationTrace": {"rationale": {"text": "cut\n'
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def bare() -> Iterator[httpx.Client]:
    with (
        replaying(exchange(1, session="a:b.c_d-e"), options=("--speed", "0")) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Input data was truncated"),
        (b"hello", "JSON is malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"inputText": 7}', "Expected `str | null`, got `int` - at `$.inputText`"),
        (b'{"inputText": "\xff"}', "'utf-8' codec can't decode byte 0xff"),
        (b'{"memoryId": "a\\r\\nset-cookie: b"}', "memoryId must have 1 to 100 characters"),
        (b'{"x":' + b"[" * 100_000, "maximum recursion depth exceeded"),
    ],
)
def test_a_body_that_is_no_call_is_a_validation_error(bare: httpx.Client, body: bytes, reason: str) -> None:
    response = bare.post(PATH, content=body)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert response.headers["content-type"] == "application/json"
    assert reason in response.json()["message"]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_beyond_awss_quota_is_refused(bare: httpx.Client, streamed: bool) -> None:
    pieces = [b'{"inputText": "', *([b"x" * MIB] * 25), b'"}']
    response = bare.post(PATH, content=iter(pieces) if streamed else b"".join(pieces))
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("POST", "/"),
        ("POST", "/agents/"),
        ("POST", "/knowledgebases/K/retrieve"),
        ("POST", f"{PATH}/more"),
        ("POST", "/flows/F/aliases/A"),
    ],
)
def test_another_operation_is_not_found(bare: httpx.Client, method: str, path: str) -> None:
    response = bare.request(method, path, content=b"{}")
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert "InvokeAgent and InvokeInlineAgent" in response.json()["message"]


def test_ids_are_percent_encoded_in_the_path(bare: httpx.Client) -> None:
    response = bare.post("/agents/AG%2FENT/agentAliases/ALIAS/sessions/a%3Ab.c_d%2De/text", content=b"{}")
    assert (response.status_code, response.headers["x-amz-bedrock-agent-session-id"]) == (200, "a:b.c_d-e")


@pytest.mark.parametrize("session", ["a%0d%0aset-cookie:%20b", "a%2Fb", "%ff", "x" * 101])
def test_a_session_id_that_aws_would_not_take_is_refused(bare: httpx.Client, session: str) -> None:
    response = bare.post(f"/agents/{session}", content=b"{}")
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert "set-cookie" not in response.headers


def test_the_whole_frames_of_a_damaged_stream_are_replayed() -> None:
    """Byte for byte, also where AWS would have written them otherwise: see the order, the header and the blanks."""
    headers: dict[str, HeaderValue] = {":message-type": "event", "x-more": 7, ":event-type": "chunk"}
    [one, two, three] = (
        encode_frame(headers, b'{ "bytes" : "%s" }' % text) for text in (b"b25l", b"dHdv", b"dGhyZWU=")
    )
    damaged = one + two[:-1] + b"!" + three + one[:-9]
    with (
        replaying(damaged, options=("--match", "any", "--speed", "0")) as address,
        httpx.Client(base_url=address) as client,
    ):
        assert client.post(PATH, content=b"{}").content == one + three


def test_a_call_that_aws_refused_is_refused_again() -> None:
    head = b'{"tracehub":1,"requestId":"%s01","index":%d,"at":"2026-11-23T08:00:00Z",'
    lines = (
        head % (RUN.encode(), 0) + b'"request":{"agentId":"AGENT","inputText":"hello","sessionId":"session"}}\n',
        head % (RUN.encode(), 1) + b'"event":{"throttlingException":{"message":"too fast"}}}\n',
        head % (RUN.encode(), 2)
        + b'"response":{"ResponseMetadata":{"HTTPStatusCode":429},"end":"failed","error":"ClientError: too fast"}}\n',
    )
    with (
        replaying(b"".join(lines)) as address,
        runtime_of(address) as client,
        pytest.raises(ClientError) as refused,
    ):
        ask(client)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused.value.response["Error"] == {"Code": "ThrottlingException", "Message": "too fast"}


def test_a_connection_that_broke_when_it_was_recorded_breaks_again() -> None:
    document = json.loads(exchange(1))
    document |= {"end": "failed", "error": "ResponseStreamingError: broken"}
    with (
        replaying(json.dumps(document).encode(), options=("--speed", "0")) as address,
        runtime_of(address) as client,
    ):
        asked = {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": "session", "inputText": "hello"}
        with closing(client.invoke_agent(**asked)["completion"]) as stream:
            events = iter(stream)
            assert [next(events)["chunk"]["bytes"] for _ in range(2)] == [b"answer ", b"1"]
            with pytest.raises(ProtocolError):
                next(events)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_recordings_may_be_compressed(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    with replaying(pack(exchange(1)), options=("--speed", "0")) as address, runtime_of(address) as client:
        assert answer_in(ask(client)) == "answer 1"


def test_a_stream_that_still_waits_when_the_server_is_stopped_is_cut() -> None:
    with ExitStack() as stack:
        with replaying(exchange(1), options=("--fault", "slow=60s")) as address:
            client = stack.enter_context(runtime_of(address))
            asked = {"agentId": "AGENT", "agentAliasId": "ALIAS", "sessionId": "session", "inputText": "hello"}
            stream = stack.enter_context(closing(client.invoke_agent(**asked)["completion"]))
        with pytest.raises(ProtocolError):
            next(iter(stream))


def test_what_cannot_be_read_beside_recordings_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no trace is in here\n")
    (tmp_path / "broken.jsonl").write_bytes(BROKEN)
    (tmp_path / "mixed.jsonl").write_bytes(exchange(1) + BROKEN)
    with replaying(tmp_path, options=("--speed", "0")) as address, runtime_of(address) as client:
        assert answer_in(ask(client)) == "answer 1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["broken.jsonl"], "tracehub: broken.jsonl cannot be read: "),
        (["missing.jsonl"], "tracehub: missing.jsonl: no such file or folder"),
        (["notes.txt"], "tracehub: no recorded call is in notes.txt"),
        (["damaged.gz"], "tracehub: damaged.gz cannot be read: the compressed data is cut off"),
        (["good.jsonl", "--fault", "explode"], "tracehub: 'explode' is no fault: throttle@N"),
        (["good.jsonl", "--demo"], "tracehub: --demo and files cannot be replayed together"),
        ([], "tracehub: there is no database tracehub.db to replay: name files"),
    ],
)
def test_what_cannot_be_replayed_gets_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "broken.jsonl").write_bytes(BROKEN)
    (tmp_path / "notes.txt").write_text("no trace is in here\n")
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(exchange(1))[:-20])
    (tmp_path / "good.jsonl").write_bytes(exchange(1))
    result = subprocess.run(
        [sys.executable, "-m", "tracehub", "replay", *words, "--port", "0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jsonl", "damaged.gz", "good.jsonl", "notes.txt"]


def test_the_database_is_replayed_while_it_is_being_served(database_url: str) -> None:
    lines = demo_lines(20)
    with serving(database_url) as server:
        server.client.post("/api/v1/records", content=lines)
        with (
            replaying(options=("--speed", "0"), environment={"TRACEHUB_DATABASE_URL": database_url}) as address,
            runtime_of(address) as client,
        ):
            for exchanged in map(json.loads, lines.splitlines()):
                session, completion = exchanged["sessionId"], exchanged["completion"]
                if any(next(iter(message)).endswith("Exception") for message in completion):
                    with pytest.raises(Exception, match="Exception"):
                        ask(client, session)
                else:
                    events = ask(client, session)
                    assert [next(iter(event)) for event in events] == [next(iter(message)) for message in completion]
        assert server.client.get("/api/v1/sessions").status_code == 200


def test_only_the_latest_sessions_of_a_database_are_replayed_where_so_many_are_wanted(sqlite_url: str) -> None:
    exchanges = [json.loads(line) for line in demo_lines(5).splitlines()]
    with serving(sqlite_url) as server:
        server.client.post("/api/v1/records", content=demo_lines(5))
    given = {"TRACEHUB_DATABASE_URL": sqlite_url}
    with (
        replaying(options=("--speed", "0", "--latest", "1"), environment=given) as address,
        runtime_of(address) as client,
    ):
        assert ask(client, exchanges[-1]["sessionId"])
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            ask(client, exchanges[0]["sessionId"])
