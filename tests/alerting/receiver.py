"""A receiver of webhooks that answers as it is told."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What it says to one request, after how long; a status of 0 breaks the connection."""

    status: int = 200
    headers: Mapping[str, str] = {}
    seconds: float = 0.0
    body: bytes = b"ok"


class Request(msgspec.Struct, frozen=True):
    """What came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """`requests` are what came, in order; `answers` what is said next, 200 once they are used up."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.came = threading.Event()
        self.lock = threading.Lock()

    def taken(self) -> list[Request]:
        """Those that were answered with 200."""
        return [request for request in self.requests if request.headers["status"] == "200"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who asked is gone: nobody needs to read of it."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.lock:
                answer = receiver.answers.popleft() if receiver.answers else Answer()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Request(self.path, headers | {"status": str(answer.status)}, body))
            receiver.came.set()
            time.sleep(answer.seconds)
            if answer.status == 0:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
