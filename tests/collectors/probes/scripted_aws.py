"""An AWS on one port that refuses what it is told to: STS, S3, SQS and CloudWatch Logs, one answer for each call."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import msgspec

CALLER = "arn:aws:iam::123456789012:user/reader"
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
_DONE: dict[str, object] = {
    "GetQueueAttributes": {
        "Attributes": {
            "VisibilityTimeout": "300",
            "ApproximateNumberOfMessages": "0",
            "RedrivePolicy": '{"deadLetterTargetArn":"arn:dead","maxReceiveCount":"5"}',
        }
    },
    "FilterLogEvents": {"events": []},
    "DescribeLogGroups": {"logGroups": []},
}


class Refusal(msgspec.Struct, frozen=True):
    """An error of AWS."""

    code: str
    message: str
    status: int = 400


class ScriptedAws:
    """All is allowed but what is in `refused`, by operation. `attributes` are the queue's, `keys` the bucket's objects.

    `behind` is by how many seconds its clock is late. `asked` are the operations, in the
    order of their arrival; `signed` are the services and regions for which they were signed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.refused: dict[str, Refusal] = {}
        self.answers: dict[str, object] = dict(_DONE)
        self.keys: list[str] = ["traces/1.jsonl"]
        self.behind = 0
        self.asked: list[str] = []
        self.signed: list[tuple[str, str]] = []

    def deny(self, operation: str, action: str, resource: str) -> None:
        """Refuses it as AWS refuses those who lack a permission."""
        message = f"User: {CALLER} is not authorized to perform: {action} on resource: {resource}"
        self.refused[operation] = Refusal("AccessDenied", message, 403)


@contextmanager
def scripted_aws() -> Iterator[ScriptedAws]:
    """Serves on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    played = ScriptedAws(f"http://127.0.0.1:{server.server_port}")
    server.played = played  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        if "list-type" in query:
            self._answer("ListObjectsV2", self._listing())
        else:
            self._answer("GetObjectVersion" if "versionId" in query else "GetObject", b"{")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
        target = self.headers.get("X-Amz-Target")
        if target is not None:
            operation = target.rpartition(".")[2]
            self._answer(operation, json.dumps(self._played.answers.get(operation, {})).encode())
        elif "Action=GetCallerIdentity" in body:
            result = f"<Arn>{CALLER}</Arn><UserId>A</UserId><Account>123456789012</Account>"
            answer = f'<R xmlns="{_STS}"><GetCallerIdentityResult>{result}</GetCallerIdentityResult></R>'
            self._answer("GetCallerIdentity", answer.encode())
        else:
            self._answer("GetMetricData", b"")

    @property
    def _played(self) -> ScriptedAws:
        played: ScriptedAws = self.server.played  # type: ignore[attr-defined]
        return played

    def _listing(self) -> bytes:
        contents = "".join(f"<Contents><Key>{key}</Key><Size>2</Size></Contents>" for key in self._played.keys)
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()

    def _answer(self, operation: str, body: bytes) -> None:
        self._played.asked.append(operation)
        # Credential=KEY/DATE/REGION/SERVICE/aws4_request
        scope = self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
        self._played.signed.append((scope[3], scope[2]))
        refusal = self._played.refused.get(operation)
        if refusal is not None:
            body = self._refusal(refusal)
        self.send_response_only(refusal.status if refusal else 200)
        self.send_header("Date", formatdate(time.time() - self._played.behind, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        if operation.startswith("GetObject"):
            self.send_header("x-amz-version-id", "v1")
        self.end_headers()
        self.wfile.write(body)

    def _refusal(self, refusal: Refusal) -> bytes:
        said = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        if self.headers.get("X-Amz-Target"):
            return json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
        if self.command == "POST":
            return f'<ErrorResponse xmlns="{_STS}"><Error>{said}</Error></ErrorResponse>'.encode()
        return f"<Error>{said}</Error>".encode()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
