"""An S3 that fails as it is told: what no stand-in of AWS plays."""

import array
import fcntl
import hashlib
import socket
import struct
import termios
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec


class Refuse(msgspec.Struct, frozen=True):
    """Answers with an error of S3."""

    status: int
    code: str
    message: str = "scripted"


class Break(msgspec.Struct, frozen=True):
    """Announces the whole object and sends `after` bytes of what was asked; then resets, or only closes."""

    after: int
    reset: bool = True


class Whole(msgspec.Struct, frozen=True):
    """Answers as if nothing but the whole object could be had: ranges are ignored."""


class Empty(msgspec.Struct, frozen=True):
    """A page of a listing without objects that is not the last."""


class Page(msgspec.Struct, frozen=True):
    """Answers with a page for people, as proxies do."""

    status: int


Fault = Refuse | Break | Whole | Empty | Page | None


class ScriptedS3:
    """One bucket, `traces`. The next listing or reading meets the next fault of its script, None meaning none; after
    the script all goes well, but for the keys in `always`."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.objects: dict[str, bytes] = {}
        self.listings: deque[Fault] = deque()
        self.readings: deque[Fault] = deque()
        self.always: dict[str, Fault] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def etag(self, key: str) -> str:
        """The etag of what the key holds now, in quotes."""
        return '"' + hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest() + '"'

    @property
    def ranges(self) -> list[str | None]:
        """Which ranges the readings asked for."""
        return [headers.get("Range") for key, headers in self.asked if key]


@contextmanager
def scripted_s3() -> Iterator[ScriptedS3]:
    """Serves on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    played = ScriptedS3(f"http://127.0.0.1:{server.server_port}")
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
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        played: ScriptedS3 = self.server.played  # type: ignore[attr-defined]
        asked = urlsplit(self.path)
        key = unquote(asked.path).removeprefix("/traces").removeprefix("/")
        played.asked.append((key, dict(self.headers.items())))
        script = played.readings if key else played.listings
        fault = script.popleft() if script else played.always.get(key)
        if isinstance(fault, Refuse):
            self._refuse(fault)
        elif isinstance(fault, Page):
            self._answer(fault.status, b"<!doctype html><p>Please log in<br>", {"Content-Type": "text/html"})
        elif key:
            self._read(played, key, fault)
        else:
            self._list(played, parse_qs(asked.query), fault)

    def _list(self, played: ScriptedS3, query: dict[str, list[str]], fault: Fault) -> None:
        contents = "".join(
            f"<Contents><Key>{quote(key)}</Key><LastModified>2026-11-20T08:00:00.000Z</LastModified>"
            f"<ETag>{played.etag(key)}</ETag><Size>{len(body)}</Size></Contents>"
            for key, body in sorted(played.objects.items())
        )
        more = "<IsTruncated>false</IsTruncated>"
        if isinstance(fault, Empty):
            contents = ""
            more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>"
        body = f"<ListBucketResult><EncodingType>url</EncodingType>{more}{contents}</ListBucketResult>"
        self._answer(200, body.encode(), {})

    def _read(self, played: ScriptedS3, key: str, fault: Fault) -> None:
        if key not in played.objects:
            self._refuse(Refuse(404, "NoSuchKey"))
            return
        etag = played.etag(key)
        if self.headers.get("If-Match", etag) != etag:
            self._refuse(Refuse(412, "PreconditionFailed"))
            return
        whole = played.objects[key]
        asked = None if isinstance(fault, Whole) else self.headers.get("Range")
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        headers = {"ETag": etag}
        if asked:
            headers["Content-Range"] = f"bytes {begin}-{len(whole) - 1}/{len(whole)}"
        self._answer(206 if asked else 200, whole[begin:], headers, fault)

    def _refuse(self, fault: Refuse) -> None:
        body = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
        self._answer(fault.status, body.encode(), {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str], fault: Fault = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not isinstance(fault, Break):
            self.wfile.write(body)
            return
        self.wfile.write(body[: fault.after])
        self.wfile.flush()
        self.close_connection = True
        if fault.reset:
            _await_delivery(self.connection)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def _await_delivery(connection: socket.socket) -> None:
    """A reset drops what was not delivered yet, and tests mean what they say."""
    unsent = array.array("i", [1])
    while unsent[0]:
        fcntl.ioctl(connection, termios.TIOCOUTQ, unsent)
        time.sleep(0.001)
