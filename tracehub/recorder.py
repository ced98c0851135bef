"""Records what agents of Amazon Bedrock do, from inside the application that calls them.

This file needs nothing but Python 3.9's standard library: copy it into a Lambda, or import it from tracehub.

    client = wrap(boto3.client("bedrock-agent-runtime"), to_stdout(), enable_trace=True)

or, around one response:

    for event in record(client.invoke_agent(..., enableTrace=True), to_stdout()):
        ...

Every event is passed on at once and unchanged, whatever becomes of the record; a sink that fails never fails the call.

One JSON object a line, in UTF-8, in the order of the call:

    {"tracehub":1,"requestId":"…","index":0,"at":"2026-11-23T08:00:00.123456Z","request":{…}}
    {"tracehub":1,"requestId":"…","index":1,"at":"…","event":{"trace":{…}}}
    {"tracehub":1,"requestId":"…","index":2,"at":"…","event":{"chunk":{…}},"repeat":1}
    {"tracehub":1,"requestId":"…","index":3,"at":"…","response":{"ResponseMetadata":{…},…,"end":"complete"}}

`tracehub` is the version of this form. `requestId` is AWS's (a new uuid where AWS gave none), `index` counts the lines
of the call, `at` is when the line's event arrived. `event` is what boto3 gave, its bytes as base64 and its times in ISO
8601; what failed stands there as `{"throttlingException":{"message":"…"}}`. `repeat` is how many equal events came
before in this call. The last line's `end` is `complete`, `stopped` (the application read no further) or `failed` (then
`error` says how). Lines of many calls may lie among each other; each can be read alone, twice, and in any order.

Of the request, the text, the ids and the results of returned control are written. Session attributes are written by an
allow-list of names; of others only the name is. Of files only the names are written, of an inline agent only its model.
"""

from __future__ import annotations

import atexit
import base64
import gzip
import json
import logging
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from typing import Any, Protocol, TextIO

FORMAT = 1
_log = logging.getLogger("tracehub.recorder")
_IDS = ("agentId", "agentAliasId", "agentName", "foundationModel", "sessionId", "inputText", "memoryId", "endSession")
_ATTRIBUTES = ("sessionAttributes", "promptSessionAttributes")
_RETURNED = ("invocationId", "returnControlInvocationResults")
_OPERATIONS = ("invoke_agent", "invoke_inline_agent")


class Sink(Protocol):
    """Where lines go. What it raises is counted in `failures` and does not reach the application."""

    def write(self, request_id: str, line: bytes) -> None:
        """Takes one line, without its line break, and keeps nobody waiting."""

    def end(self, request_id: str) -> None:
        """Hears that this call has no more lines."""


class Failures:
    """How often recording failed in this process; the first time is logged."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, error: Exception) -> None:
        """Counts, and logs the first."""
        self.count += 1
        if self.count == 1:
            _log.error("an agent's trace could not be recorded; the call itself goes on", exc_info=error)


failures = Failures()


def record(
    response: Mapping[str, Any],
    sink: Sink,
    *,
    request: Mapping[str, Any] | None = None,
    attributes: Sequence[str] = (),
) -> RecordedStream:
    """The events of `response["completion"]`, each written to `sink` before it is passed on.

    `request` are the arguments of the call, if the question is to be kept too; `attributes` names the session
    attributes whose values may be written ("*" for all).
    """
    call = _Call(sink, _request_id_of(response))
    if request is not None:
        call.request(request, attributes)
    return RecordedStream(response.get("completion", ()), call, response)


def wrap(client: Any, sink: Sink, *, enable_trace: bool = False, attributes: Sequence[str] = ()) -> Any:
    """A client that does all that `client` does, and records `invoke_agent` and `invoke_inline_agent`.

    With `enable_trace` every call asks for its trace; the application then sees the trace events too.
    """
    return _RecordingClient(client, sink, enable_trace, tuple(attributes))


class _RecordingClient:
    def __init__(self, client: Any, sink: Sink, enable_trace: bool, attributes: Sequence[str]) -> None:
        self._client = client
        self._sink = sink
        self._enable_trace = enable_trace
        self._attributes = attributes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._recorded(found) if name in _OPERATIONS else found

    def _recorded(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def invoke(**given: Any) -> Any:
            asked = {**given, "enableTrace": True} if self._enable_trace else given
            try:
                response = operation(**asked)
            except Exception as error:
                call = _Call(self._sink, _request_id_of(getattr(error, "response", None)))
                call.request(asked, self._attributes)
                call.failed(error, getattr(error, "response", None))
                raise
            call = _Call(self._sink, _request_id_of(response))
            call.request(asked, self._attributes)
            if isinstance(response, dict) and "completion" in response:
                response["completion"] = RecordedStream(response["completion"], call, dict(response))
            return response

        return invoke


class RecordedStream:
    """The stream of a response; what else it can do is what the original can."""

    def __init__(self, stream: Iterable[Any], call: _Call, response: Mapping[str, Any]) -> None:
        self._stream = stream
        self._iterator: Iterator[Any] | None = None
        self._call = call
        self._response = response

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            if self._iterator is None:
                self._iterator = iter(self._stream)
            event = next(self._iterator)
        except StopIteration:
            self._call.end("complete", self._response)
            raise
        except Exception as error:
            self._call.failed(error, self._response)
            raise
        except BaseException:
            self._call.end("stopped", self._response)
            raise
        self._call.event(event)
        return event

    def close(self) -> None:
        """Reads no further."""
        self._call.end("stopped", self._response)
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> RecordedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self._call.end("stopped", self._response)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Call:
    """Writes the lines of one call. Nothing that goes wrong here leaves it."""

    def __init__(self, sink: Sink, request_id: str) -> None:
        self._sink = sink
        self._request_id = request_id
        self._index = 0
        self._ended = False
        self._repeats: dict[str, int] = {}

    def request(self, given: Mapping[str, Any], attributes: Sequence[str]) -> None:
        self._write("request", lambda: _json(request_of(given, attributes)))

    def event(self, event: Any) -> None:
        self._write("event", lambda: _json(event), may_repeat=not (isinstance(event, Mapping) and "trace" in event))

    def failed(self, error: Exception, response: Mapping[str, Any] | None) -> None:
        reported = _reported(error)
        if reported is not None:
            self.event(reported)
        self.end("failed", response, f"{type(error).__name__}: {error}")

    def end(self, how: str, response: Mapping[str, Any] | None, error: str | None = None) -> None:
        if self._ended:
            return
        self._ended = True
        known = {name: value for name, value in (response or {}).items() if name not in ("completion", "Error")}
        closing = {**known, "end": how, **({} if error is None else {"error": error})}
        self._write("response", lambda: _json(closing))
        try:
            self._sink.end(self._request_id)
        except Exception as failed:  # never the application's business
            failures.note(failed)

    def _write(self, what: str, content: Callable[[], str], *, may_repeat: bool = False) -> None:
        index = self._index
        self._index += 1
        try:
            text = content()
            repeat = 0
            if may_repeat:
                repeat = self._repeats.get(text, 0)
                self._repeats[text] = repeat + 1
            head = f'{{"tracehub":{FORMAT},"requestId":{json.dumps(self._request_id)},"index":{index},"at":"{_now()}"'
            line = f'{head},"{what}":{text}' + (f',"repeat":{repeat}}}' if repeat else "}")
            self._sink.write(self._request_id, line.encode("utf-8", "backslashreplace"))
        except Exception as error:  # never the application's business
            failures.note(error)


def to_stdout(stream: TextIO | None = None) -> Sink:
    """One line of standard output for each: in a Lambda or a container that is CloudWatch Logs."""
    return _Stream(stream)


def to_logging(logger: logging.Logger | None = None, level: int = logging.INFO) -> Sink:
    """One log record for each."""
    return _Logging(logger or _log, level)


def to_s3(client: Any, bucket: str, prefix: str = "traces") -> S3Sink:
    """One object of gzipped JSON lines for each call, `prefix/2026/11/23/08/<request id>.jsonl.gz`.

    `client` is a boto3 client of S3.
    """
    return S3Sink(client, bucket, prefix)


def to_http(
    url: str,
    api_key: str | None = None,
    *,
    buffer_bytes: int = 8 * 1024 * 1024,
    spool: str | None = None,
    spool_bytes: int = 256 * 1024 * 1024,
) -> HttpSink:
    """Posts to tracehub, `url` being such as `https://tracehub.example/api/v1/records`.

    At most `buffer_bytes` wait in memory; with `spool`, a file, at most `spool_bytes` more wait on disk.
    """
    return HttpSink(url, api_key, buffer_bytes=buffer_bytes, spool=spool, spool_bytes=spool_bytes)


class _Stream:
    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, request_id: str, line: bytes) -> None:
        stream = self._stream or sys.stdout
        with self._lock:
            stream.write(line.decode("utf-8") + "\n")

    def end(self, request_id: str) -> None:
        with self._lock:
            (self._stream or sys.stdout).flush()


class _Logging:
    def __init__(self, logger: logging.Logger, level: int) -> None:
        self._logger = logger
        self._level = level

    def write(self, request_id: str, line: bytes) -> None:
        self._logger.log(self._level, "%s", line.decode("utf-8"))

    def end(self, request_id: str) -> None:
        pass


class S3Sink:
    """Objects are put by a thread of their own after the call's end; `flush` waits for them, as a Lambda must before it
    returns. What cannot be put after three tries is counted in `dropped` (calls)."""

    TRIES = 3

    def __init__(self, client: Any, bucket: str, prefix: str = "traces") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self._calls: dict[str, list[bytes]] = {}
        self._background = _Background("tracehub-recorder-s3")
        self.dropped = 0

    def write(self, request_id: str, line: bytes) -> None:
        self._calls.setdefault(request_id, []).append(line)

    def end(self, request_id: str) -> None:
        lines = self._calls.pop(request_id, [])
        if lines:
            self._background.do(lambda: self._put(request_id, lines))

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until all calls that have ended are put; whether they are."""
        return self._background.wait(timeout)

    def _put(self, request_id: str, lines: list[bytes]) -> None:
        now = datetime.now(timezone.utc)
        name = urllib.parse.quote(request_id, safe="-_.")
        key = "/".join(part for part in (self._prefix, f"{now:%Y/%m/%d/%H}", f"{name}.jsonl.gz") if part)
        body = gzip.compress(b"\n".join(lines) + b"\n", 6)
        for attempt in range(1, self.TRIES + 1):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip")
                return
            except Exception as error:  # boto3 is not imported here, so its errors have no name
                if attempt == self.TRIES:
                    self.dropped += 1
                    failures.note(error)
                else:
                    time.sleep(0.2 * 4**attempt)


class HttpSink:
    """A thread sends them in batches. At most `buffer_bytes` wait in memory. With `spool`, a file, what does not fit or
    cannot be sent is written there (at most `spool_bytes`), and sent when tracehub answers again, be it by the next
    process. What has no place is counted in `dropped` (lines). `flush` waits until all is sent or spooled.
    """

    BATCH = 1024 * 1024

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        buffer_bytes: int = 8 * 1024 * 1024,
        spool: str | None = None,
        spool_bytes: int = 256 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url} is no http or https address")
        self._url = url
        self._headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._timeout = timeout
        self._most = buffer_bytes
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._spool = _Spool(spool, spool_bytes) if spool else None
        self._background = _Background("tracehub-recorder-http")
        self._sending = False
        self._resume_at = 0.0
        self._delay = 0.5
        self.dropped = 0
        atexit.register(self.close)
        if self._spool and self._spool.waits():
            self._background.do(self._send_all)

    def write(self, request_id: str, line: bytes) -> None:
        with self._lock:
            fits = self._size + len(line) <= self._most
            if fits:
                self._lines.append(line)
                self._size += len(line)
        if not fits:
            self._keep([line])
        elif self._size >= self.BATCH:
            self._wake()

    def end(self, request_id: str) -> None:
        self._wake()

    def flush(self, timeout: float = 10.0) -> bool:
        """Waits until all that was written is sent or spooled; whether it is."""
        self._wake()
        done = self._background.wait(timeout)
        return done and not self._lines

    def close(self, timeout: float = 5.0) -> None:
        """Sends what it can in that time and spools the rest."""
        self.flush(timeout)
        self._keep(self._taken(self._most))

    def _wake(self) -> None:
        with self._lock:
            if self._sending:
                return
            self._sending = True
        self._background.do(self._send_all)

    def _send_all(self) -> None:
        with self._lock:
            self._sending = False
        if time.monotonic() < self._resume_at:
            # Not the time to try again: what waits goes to the spool, or stays in memory until it is.
            if self._spool:
                self._keep(self._taken(self._most))
            return
        while True:
            lines = self._taken(self.BATCH)
            if not lines:
                break
            if not self._send(lines):
                self._keep(lines, again=True)
                return
        if self._spool:
            self._spool.drain(self._send, self.BATCH)

    def _taken(self, most: int) -> list[bytes]:
        taken: list[bytes] = []
        size = 0
        with self._lock:
            while self._lines and (not taken or size + len(self._lines[0]) <= most):
                line = self._lines.popleft()
                self._size -= len(line)
                size += len(line)
                taken.append(line)
        return taken

    def _keep(self, lines: list[bytes], *, again: bool = False) -> None:
        """Spools; without a spool what was taken goes back to the front if it fits, and is dropped otherwise."""
        if not lines:
            return
        if self._spool:
            self.dropped += self._spool.add(lines)
            return
        with self._lock:
            size = sum(map(len, lines))
            if again and self._size + size <= self._most:
                self._lines.extendleft(reversed(lines))
                self._size += size
                return
        self.dropped += len(lines)

    def _send(self, lines: list[bytes]) -> bool:
        """Whether tracehub has them now, or will never take them."""
        request = urllib.request.Request(  # noqa: S310 (http or https, as was checked)
            self._url, gzip.compress(b"\n".join(lines) + b"\n", 1), self._headers
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310 (the same)
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error, lines)
        except (OSError, ValueError) as error:
            self._postpone(error, None)
            return False
        self._delay = 0.5
        return True

    def _refused(self, error: urllib.error.HTTPError, lines: list[bytes]) -> bool:
        if error.code == 422:  # tracehub keeps in quarantine what it cannot read
            return True
        if error.code == 413:
            if len(lines) == 1:
                self.dropped += 1
                return True
            half = len(lines) // 2
            return all([self._send(lines[:half]), self._send(lines[half:])])
        self._postpone(error, error.headers["Retry-After"] if error.headers else None)
        return False

    def _postpone(self, error: Exception, asked: str | None) -> None:
        failures.note(error)
        wait = float(asked) if asked and asked.isdigit() else self._delay
        self._delay = min(60.0, self._delay * 2)
        self._resume_at = time.monotonic() + min(wait, 300.0)
        self._background.later(min(wait, 300.0), self._send_all)


class _Spool:
    """Lines on disk: appended and synced, taken out from the front by one process at a time."""

    def __init__(self, path: str, most: int) -> None:
        self._path = path
        self._taken = path + ".sending"
        self._most = most
        self._lock = threading.Lock()

    def waits(self) -> bool:
        return os.path.exists(self._path) or os.path.exists(self._taken)

    def add(self, lines: list[bytes]) -> int:
        """How many had no place."""
        with self._lock:
            room = self._most - sum(os.path.getsize(each) for each in self._files())
            kept = []
            for line in lines:
                room -= len(line) + 1
                if room < 0:
                    break
                kept.append(line)
            if kept:
                # A line break first: a process may have died in the middle of the last line.
                with open(self._path, "ab") as file:
                    file.write(b"\n" + b"\n".join(kept) + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            return len(lines) - len(kept)

    def drain(self, send: Callable[[list[bytes]], bool], batch: int) -> None:
        """Sends what is there, as long as it goes well. What was sent but not yet forgotten is sent again: no harm."""
        while self.waits():
            with self._lock:
                if not os.path.exists(self._taken):
                    os.replace(self._path, self._taken)
            with open(self._taken, "rb") as file:
                lines: list[bytes] = []
                size = 0
                for line in file:
                    if line.strip():
                        lines.append(line.rstrip(b"\n"))
                        size += len(line)
                    if size >= batch:
                        if not send(lines):
                            return
                        lines, size = [], 0
                if lines and not send(lines):
                    return
            os.remove(self._taken)

    def _files(self) -> list[str]:
        return [each for each in (self._path, self._taken) if os.path.exists(each)]


class _Background:
    """Does things one after the other in a thread that starts when it is needed, also after a fork."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin()
        atexit.register(self.wait, 5.0)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._work: queue.Queue[Callable[[], None]] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def do(self, work: Callable[[], None]) -> None:
        if self._pid != os.getpid():
            self._begin()
        self._work.put(work)
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, lambda: self.do(work))
        timer.daemon = True
        timer.start()

    def wait(self, timeout: float) -> bool:
        """Until nothing is to be done; whether that came in time."""
        end = time.monotonic() + timeout
        while self._work.unfinished_tasks:
            if time.monotonic() >= end:
                return False
            time.sleep(0.005)
        return True

    def _run(self) -> None:
        while True:
            work = self._work.get()
            try:
                work()
            except Exception as error:  # never the application's business
                failures.note(error)
            finally:
                self._work.task_done()


def request_of(given: Mapping[str, Any], attributes: Sequence[str]) -> dict[str, Any]:
    """What is kept of the arguments of a call: see above."""
    kept = {name: given[name] for name in (*_IDS, "enableTrace") if name in given}
    state = given.get("sessionState") or given.get("inlineSessionState")
    if isinstance(state, Mapping):
        files: Any = state.get("files")
        kept["sessionState"] = {
            **{name: state[name] for name in _RETURNED if name in state},
            **{name: _allowed(state[name], attributes) for name in _ATTRIBUTES if _is_filled(state.get(name), Mapping)},
            **({"files": [_named(file) for file in files]} if _is_filled(files, (list, tuple)) else {}),
        }
    return kept


def _is_filled(value: Any, kind: Any) -> bool:
    """What is of no kind that AWS takes is not looked into: AWS refuses it."""
    return isinstance(value, kind) and bool(value)


def _named(file: Any) -> dict[str, Any]:
    return {"name": file.get("name") if isinstance(file, Mapping) else None}


def _allowed(values: Mapping[str, Any], attributes: Sequence[str]) -> dict[str, Any]:
    return {name: value if name in attributes or "*" in attributes else None for name, value in values.items()}


def _request_id_of(response: Any) -> str:
    metadata = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    found = metadata.get("RequestId") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) and found else str(uuid.uuid4())


def _reported(error: Exception) -> dict[str, Any] | None:
    """What AWS says of the failure, as the stream's own message; None where it was not AWS that failed."""
    response = getattr(error, "response", None)
    said = response.get("Error") if isinstance(response, Mapping) else None
    if not isinstance(said, Mapping):
        return None
    code = str(said.get("Code") or "internalServerException")
    name = code[0].lower() + code[1:]
    return {name if name.endswith("Exception") else f"{name}Exception": {"message": str(said.get("Message", ""))}}


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
