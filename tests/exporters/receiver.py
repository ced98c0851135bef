"""A receiver of OTLP over real HTTP that answers as it is told, and remembers by id what it took."""

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SpanId = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: bytes
    spans: tuple[Span, ...]

    @property
    def ids(self) -> tuple[SpanId, ...]:
        """The trace and span ids, in hex, in their order."""
        return tuple((span.trace_id.hex(), span.span_id.hex()) for span in self.spans)

    @property
    def trace_ids(self) -> set[str]:
        """The traces of which it holds spans."""
        return {trace_id for trace_id, _ in self.ids}


@dataclass(frozen=True)
class Answer:
    """What to answer; `takes` says whether its spans count as taken."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = True
    wait_seconds: float = 0
    hangs_up: bool = False
    endless: bool = False
    drips: bool = False


TAKEN = Answer()


def partly(rejected: int, message: str = "too bad") -> Answer:
    """A success that is none for some."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = message
    return Answer(body=answer.SerializeToString(), headers={"Content-Type": "application/x-protobuf"})


def refusing(status: int, body: bytes = b"no", **headers: str) -> Answer:
    """An answer that takes nothing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body=body, headers={"Content-Type": "text/plain", **named}, takes=False)


class Receiver:
    """A running receiver. `answers` decides on each request; what it took is counted by ids."""

    def __init__(self) -> None:
        self.answers: Callable[[Request], Answer] = lambda _: TAKEN
        self.requests: list[Request] = []
        self.taken: Counter[SpanId] = Counter()
        self.spans: dict[SpanId, Span] = {}
        self.port = 0
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def note(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[Request, Answer]:
        """Takes in a request: what it is, and what to answer."""
        raw = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        message = ExportTraceServiceRequest.FromString(raw)
        spans = tuple(
            span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans
        )
        with self._lock:
            request = Request(len(self.requests), path, headers, raw, spans)
            self.requests.append(request)
        answer = self.answers(request)
        if answer.takes:
            with self._lock:
                self.taken.update(request.ids)
                for ids, span in zip(request.ids, spans, strict=True):
                    self.spans.setdefault(ids, span)
        return request, answer


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # The sender died in the middle of it.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            _, answer = receiver.note(self.path, headers, body)
            if answer.wait_seconds:
                time.sleep(answer.wait_seconds)
            if answer.hangs_up:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if not (answer.endless or answer.drips):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self._write(answer)

        def _write(self, answer: Answer) -> None:
            try:
                self.wfile.write(answer.body)
                while answer.drips:
                    self.wfile.write(b"x")
                    time.sleep(0.02)
                while answer.endless:
                    self.wfile.write(b"x" * 65_536)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Senders of tests die, too."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
