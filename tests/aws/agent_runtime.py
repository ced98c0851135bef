"""A scripted bedrock-agent-runtime over real HTTP: answers InvokeAgent with the streams it is given."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tracehub.bedrock.eventstream import encode_frame

Message = Mapping[str, Any]


@dataclass
class Answer:
    """One answer: the stream's messages, or an error of AWS's where `error` names one.

    `cut` breaks the connection after so many messages.
    """

    messages: Sequence[Message] = ()
    request_id: str = "5e9f8c4e-0000-4000-8000-000000000001"
    error: str | None = None
    cut: int | None = None


@dataclass
class AgentRuntime:
    """`answers` are given one after the other; `asked` are the bodies of the requests."""

    address: str
    answers: list[Answer] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def agent_runtime() -> Iterator[AgentRuntime]:
    """A running one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            running.asked.append(json.loads(body or b"{}"))
            answer = running.answers.pop(0)
            if answer.error is not None:
                self._refuse(answer)
            else:
                self._stream(answer)

        def log_message(self, *_: object) -> None:
            pass

        def _refuse(self, answer: Answer) -> None:
            body = b'{"message":"not now"}'
            self.send_response(429)
            self.send_header("x-amzn-RequestId", answer.request_id)
            self.send_header("x-amzn-ErrorType", str(answer.error))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, answer: Answer) -> None:
            self.send_response(200)
            self.send_header("x-amzn-RequestId", answer.request_id)
            self.send_header("x-amzn-bedrock-agent-content-type", "application/json")
            self.send_header("Content-Type", "application/vnd.amazon.eventstream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for message in answer.messages[: answer.cut]:
                frame = frame_of(message)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            if answer.cut is None:
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away in the middle is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running = AgentRuntime(f"http://127.0.0.1:{server.server_port}")
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()


def frame_of(message: Message) -> bytes:
    """The message as a frame of the stream."""
    name, payload = next(iter(message.items()))
    kind = {":message-type": "exception", ":exception-type": name} if name.endswith("Exception") else None
    headers = kind or {":message-type": "event", ":event-type": name}
    return encode_frame({**headers, ":content-type": "application/json"}, json.dumps(payload).encode())
