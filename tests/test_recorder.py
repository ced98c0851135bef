"""The recorder passes everything on unchanged and writes it down, whatever happens to either side."""

import ast
import gc
import gzip
import json
import logging
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from tests.aws.agent_runtime import AgentRuntime, Answer, agent_runtime
from tests.aws.logs_server import client_of
from tests.aws.moto_server import moto
from tests.collecting import imported
from tests.conftest import CHECKOUT
from tests.serving import serving
from tests.stores import content
from tests.traffic import demo_lines
from tracehub import recorder
from tracehub.bedrock.decode import decode
from tracehub.model.record import Event, Limits, Record
from tracehub.recorder import HttpSink, record, to_http, to_logging, to_s3, to_stdout, wrap

FILE = CHECKOUT / "tracehub" / "recorder.py"
EXCHANGES = [json.loads(line) for line in demo_lines(12).splitlines()]
TRACED = [each for each in EXCHANGES if any("trace" in message for message in each["completion"])]
Lines = list[dict[str, Any]]


class Kept:
    """A sink that keeps the lines, or fails."""

    def __init__(self, *, failing: bool = False) -> None:
        self.lines: list[bytes] = []
        self.ended: list[str] = []
        self._failing = failing

    def write(self, request_id: str, line: bytes) -> None:
        if self._failing:
            raise OSError("the disk is full")
        self.lines.append(line)

    def end(self, request_id: str) -> None:
        if self._failing:
            raise OSError("the disk is full")
        self.ended.append(request_id)

    def read(self) -> Lines:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def runtime() -> Iterator[AgentRuntime]:
    with agent_runtime() as running:
        yield running


@pytest.fixture
def client(runtime: AgentRuntime) -> Iterator[Any]:
    with client_of(runtime.address, "bedrock-agent-runtime") as made:
        yield made


def test_events_are_passed_on_unchanged_and_written_in_order(runtime: AgentRuntime, client: Any) -> None:
    for exchange in TRACED:
        runtime.answers = [_answer(exchange), _answer(exchange)]
        bare = _read(client.invoke_agent(**_question(exchange))["completion"])
        sink = Kept()
        assert _read(wrap(client, sink).invoke_agent(**_question(exchange))["completion"]) == bare
        lines = sink.read()
        assert [line["index"] for line in lines] == list(range(len(bare) + 2))
        assert {line["tracehub"] for line in lines} == {1}
        assert {line["requestId"] for line in lines} == {exchange["ResponseMetadata"]["RequestId"]}
        assert lines[0]["request"]["inputText"] == _question(exchange)["inputText"]
        assert lines[-1]["response"]["end"] == ("complete" if isinstance(bare[-1], dict) else "failed")
        assert sink.ended == [exchange["ResponseMetadata"]["RequestId"]]


def test_what_was_recorded_is_the_same_trace_in_any_order_and_split(
    runtime: AgentRuntime, client: Any, sqlite_url: str, tmp_path: Path
) -> None:
    """As the binary stream gives it, but for the request and the response, which only the recorder knows."""
    sink = Kept()
    for exchange in TRACED:
        runtime.answers = [_answer(exchange)]
        _read(record(client.invoke_agent(**_question(exchange)), sink))
    chance = random.Random(3)
    lines = chance.sample(sink.lines, len(sink.lines)) + chance.sample(sink.lines, 50)
    found: dict[str, set[str]] = {}
    for start in range(0, len(lines), 7):
        _add(found, b"\n".join(lines[start : start + 7]))
    expected: dict[str, set[str]] = {}
    for exchange in TRACED:
        _add(expected, json.dumps(exchange).encode())
    for trace_id, ids in expected.items():
        assert found.get(trace_id) == ids


def test_equal_chunks_stay_two_even_when_they_arrive_apart() -> None:
    chunk = {"chunk": {"bytes": b"the same"}}
    sink = Kept()
    assert _read(record({"completion": [chunk, chunk, chunk]}, sink)) == [chunk] * 3
    ids = {event.event_id for line in sink.lines for event in _decoded(line) if event.kind == "chunk"}
    assert len(ids) == 3


def test_a_consumer_that_stops_early_is_noted_and_gets_no_more(runtime: AgentRuntime, client: Any) -> None:
    runtime.answers = [_answer(TRACED[0])]
    sink = Kept()
    stream = wrap(client, sink).invoke_agent(**_question(TRACED[0]))["completion"]
    for _event in stream:
        break
    stream.close()
    del stream
    gc.collect()
    assert [next(iter(line.keys() & {"request", "event", "response"})) for line in sink.read()] == [
        "request",
        "event",
        "response",
    ]
    assert sink.read()[-1]["response"]["end"] == "stopped"


def test_a_stream_that_is_only_dropped_has_its_end_too() -> None:
    sink = Kept()
    stream = record({"completion": iter([{"chunk": {"bytes": b"a"}}])}, sink)
    del stream
    gc.collect()
    assert [line["response"]["end"] for line in sink.read()] == ["stopped"]


def test_an_exception_in_the_stream_is_written_and_raised(runtime: AgentRuntime, client: Any) -> None:
    messages = [*TRACED[0]["completion"][:2], {"throttlingException": {"message": "too many"}}]
    runtime.answers = [Answer(messages)]
    sink = Kept()
    assert "throttlingException" in _read(record(client.invoke_agent(**_question(TRACED[0])), sink))[-1]
    lines = sink.read()
    assert lines[-2]["event"] == {"throttlingException": {"message": "too many"}}
    assert lines[-1]["response"]["end"] == "failed"
    (trace,) = _traces(sink)
    assert (trace["outcome"], trace["error_type"]) == ("failed", "throttlingException")


def test_a_stream_that_breaks_off_is_written_and_raised(runtime: AgentRuntime, client: Any) -> None:
    runtime.answers = [Answer(TRACED[0]["completion"], cut=3)]
    sink = Kept()
    stream = record(client.invoke_agent(**_question(TRACED[0])), sink)
    with pytest.raises(Exception, match=r"prematurely|Connection broken"):
        list(stream)
    assert [next(iter(line.keys() & {"event", "response"})) for line in sink.read()] == ["event"] * 3 + ["response"]
    assert sink.read()[-1]["response"]["end"] == "failed"
    (trace,) = _traces(sink)
    assert trace["outcome"] == "failed"


def test_a_call_that_fails_is_written_and_raised(runtime: AgentRuntime, client: Any) -> None:
    runtime.answers = [Answer(error="ThrottlingException")]
    sink = Kept()
    with pytest.raises(ClientError, match="not now"):
        wrap(client, sink).invoke_agent(**_question(TRACED[0]))
    lines = sink.read()
    assert lines[1]["event"] == {"throttlingException": {"message": "not now"}}
    assert {line["requestId"] for line in lines} == {Answer().request_id}


def test_traces_are_asked_for_and_everything_else_is_the_clients_own(runtime: AgentRuntime, client: Any) -> None:
    runtime.answers = [_answer(TRACED[0])]
    wrapped = wrap(client, Kept(), enable_trace=True)
    _read(wrapped.invoke_agent(**_question(TRACED[0]))["completion"])
    assert runtime.asked[0]["enableTrace"] is True
    assert wrapped.meta is client.meta
    assert wrapped.retrieve.__func__ is client.retrieve.__func__


def test_only_allowed_attributes_and_no_contents_of_files_are_written() -> None:
    state = {
        "sessionAttributes": {"tier": "gold", "password": "hunter2"},
        "promptSessionAttributes": {"secret": "hunter2"},
        "files": [{"name": "a.csv", "source": {"byteContent": {"data": b"hunter2"}}}],
        "invocationId": "i-1",
        "returnControlInvocationResults": [{"functionResult": {"actionGroup": "g"}}],
    }
    request = {"agentId": "A", "inputText": "hello", "sessionState": state, "instruction": "hunter2"}
    sink = Kept()
    list(record({"completion": []}, sink, request=request, attributes=["tier"]))
    assert b"hunter2" not in b"".join(sink.lines)
    assert sink.read()[0]["request"] == {
        "agentId": "A",
        "inputText": "hello",
        "sessionState": {
            "invocationId": "i-1",
            "returnControlInvocationResults": [{"functionResult": {"actionGroup": "g"}}],
            "sessionAttributes": {"tier": "gold", "password": None},
            "promptSessionAttributes": {"secret": None},
            "files": [{"name": "a.csv"}],
        },
    }


def test_a_sink_that_fails_never_fails_the_call(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "failures", recorder.Failures())
    events = [{"chunk": {"bytes": b"a"}}, {"chunk": {"bytes": b"\xff"}}, {"odd": {1: object(), "\ud800": {2, 3}}}]
    with caplog.at_level(logging.ERROR, "tracehub.recorder"):
        assert list(record({"completion": events}, Kept(failing=True))) == events
    assert recorder.failures.count == 5
    assert len(caplog.records) == 1


def test_odd_contents_are_written_as_utf_8() -> None:
    sink = Kept()
    list(record({"completion": [{"trace": {"trace": {"x": "é\ud800\u2028"}}}]}, sink))
    assert all("\n" not in line.decode("utf-8") for line in sink.lines)


def test_standard_output_and_logging() -> None:
    out = StringIO()
    list(record({"completion": [{"chunk": {"bytes": b"a"}}]}, to_stdout(out)))
    assert [set(json.loads(line)) & {"event", "response"} for line in out.getvalue().splitlines()] == [
        {"event"},
        {"response"},
    ]
    logger = logging.getLogger("test-recorder")
    logger.setLevel(logging.INFO)
    handler = logging.StreamHandler(out := StringIO())
    logger.addHandler(handler)
    list(record({"completion": [{"chunk": {"bytes": b"a"}}]}, to_logging(logger)))
    assert [json.loads(line)["index"] for line in out.getvalue().splitlines()] == [0, 1]


def test_s3_gets_one_object_for_each_call() -> None:
    with moto() as address, client_of(address, "s3") as s3:
        bucket = f"recorder-{random.Random().randrange(10**12)}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        sink = to_s3(s3, bucket, "traces")
        for _ in range(3):
            list(record({"completion": [{"chunk": {"bytes": b"a"}}]}, sink))
        assert sink.flush(30)
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        assert len(keys) == 3
        body = gzip.decompress(s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read())
        assert [json.loads(line)["index"] for line in body.splitlines()] == [0, 1]
        assert sink.dropped == 0


def test_http_push_reaches_tracehub(sqlite_url: str, runtime: AgentRuntime, client: Any) -> None:
    key = "a-long-enough-key-for-tests"
    with serving(sqlite_url, api_keys=(key,)) as server:
        sink = to_http(f"{server.address}/api/v1/records", key)
        for exchange in TRACED[:4]:
            runtime.answers = [_answer(exchange)]
            _read(wrap(client, sink).invoke_agent(**_question(exchange))["completion"])
        assert sink.flush(30)
        stored = content(server.app.database)["traces"]
    assert {row["trace_id"] for row in stored} == {
        each["ResponseMetadata"]["RequestId"].replace("-", "") for each in TRACED[:4]
    }
    assert all(row["question"] for row in stored)
    assert sink.dropped == 0


def test_what_cannot_be_sent_is_spooled_and_sent_by_the_next_process(tmp_path: Path) -> None:
    spool = str(tmp_path / "spool.jsonl")
    with _receiver([503] * 100) as (address, got):
        first = HttpSink(address, spool=spool)
        for number in range(20):
            first.write("call", b'{"n":%d}' % number)
        first.end("call")
        first.close()
        assert got == []
        assert first.dropped == 0
    with Path(spool).open("ab") as file:
        file.write(b'{"torn')
    with _receiver([]) as (address, got):
        second = HttpSink(address, spool=spool)
        second.write("call", b'{"n":20}')
        assert second.flush(30)
        second.close()
        assert sorted(line["n"] for line in got if "n" in line) == list(range(21))
    assert not Path(spool).exists()


def test_the_buffer_and_the_spool_are_bounded_and_what_is_dropped_is_counted(tmp_path: Path) -> None:
    with _receiver([503] * 100) as (address, _got):
        sink = HttpSink(address, buffer_bytes=1000)
        for _ in range(100):
            sink.write("call", b"x" * 100)
        sink.end("call")
        sink.flush(5)
        sink.close()
        assert sink.dropped >= 80
        spooled = HttpSink(address, buffer_bytes=1000, spool=str(tmp_path / "spool"), spool_bytes=5000)
        for _ in range(200):
            spooled.write("call", b"y" * 100)
        spooled.close()
        assert (tmp_path / "spool").stat().st_size <= 5200
        assert spooled.dropped > 0


def test_a_batch_too_large_is_halved_and_an_overloaded_server_is_asked_later() -> None:
    with _receiver([413, 200, 200, 429, 200]) as (address, got):
        sink = HttpSink(address)
        for number in range(4):
            sink.write("call", b'{"n":%d}' % number)
        assert sink.flush(30)
        sink.write("call", b'{"n":4}')
        sink.end("call")
        while len(got) < 5:
            sink.flush(1)
        assert [line["n"] for line in got] == [0, 1, 2, 3, 4]


def test_many_threads_share_a_sink() -> None:
    sink = Kept()
    events = [{"chunk": {"bytes": b"%d" % number}} for number in range(200)]

    def read() -> None:
        assert list(record({"completion": list(events)}, sink)) == events

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls: dict[str, list[int]] = {}
    for line in sink.read():
        calls.setdefault(line["requestId"], []).append(line["index"])
    assert [indexes == list(range(201)) for indexes in calls.values()] == [True] * 8


def test_the_file_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)
    (tmp_path / "recorder.py").write_bytes(FILE.read_bytes())
    code = (
        "import sys; sys.path.insert(0, '.'); import recorder;"
        "list(recorder.record({'completion': [{'chunk': {}}]}, recorder.to_stdout()))"
    )
    ran = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert [json.loads(line)["index"] for line in ran.stdout.splitlines()] == [0, 1]


def _receiver(statuses: list[int]) -> Any:
    """A server that answers with these statuses, then with 200, and keeps the lines it takes."""
    return _Receiver(statuses)


class _Receiver:
    def __init__(self, statuses: list[int]) -> None:
        self.statuses = statuses
        self.got: Lines = []

    def __enter__(self) -> tuple[str, Lines]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if status == 200:
                    receiver.got += [json.loads(line) for line in body.splitlines() if line.endswith(b"}")]
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "0")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/api/v1/records", self.got

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answer(exchange: dict[str, Any]) -> Answer:
    return Answer(exchange["completion"], exchange["ResponseMetadata"]["RequestId"])


def _question(exchange: dict[str, Any]) -> dict[str, Any]:
    given = exchange["request"]
    return {
        "agentId": "AGENT12345",
        "agentAliasId": "ALIAS12345",
        "sessionId": given["sessionId"],
        "inputText": given.get("inputText", ""),
    }


def _read(stream: Any) -> list[Any]:
    """All events; the exception that ends them stands last as its text."""
    events: list[Any] = []
    try:
        for event in stream:
            events.append(event)
    except EventStreamError as error:
        events.append(str(error))
    finally:
        stream.close()
    return events


def _decoded(data: bytes) -> tuple[Event, ...]:
    found = decode(Record(data=data, source="test", received_at=0), Limits())
    assert not found.quarantined
    return found.events


def _add(found: dict[str, set[str]], data: bytes) -> None:
    """What the stream gave, by trace; the request and the response are only the envelope's, and boto3 keeps but the
    message of an exception."""
    for event in _decoded(data):
        if event.kind not in ("request", "response", "exception"):
            found.setdefault(event.trace_id, set()).add(event.event_id)


def _traces(sink: Kept) -> list[dict[str, Any]]:
    """What is stored of what was recorded."""
    with tempfile.TemporaryDirectory() as folder:
        return imported(f"sqlite:///{folder}/tracehub.db", b"\n".join(sink.lines))["traces"]
