"""One request and its response on an HTTP/2 connection, as an ASGI app sees them."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE

if TYPE_CHECKING:
    from tracehub.proxy.http2 import Http2Protocol

Header = tuple[bytes, bytes]

_log = logging.getLogger("uvicorn.error")
# RFC 9113, 8.2.2: fields of a connection, which have no meaning and no place in HTTP/2.
_OF_THE_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
# How much is framed before it is handed to the transport, which then says whether it takes more.
_BATCH = 64 * 1024


class Http2Stream:
    """The app's `receive` and `send`. What it may send to a stream that is gone is dropped, as uvicorn does."""

    def __init__(self, connection: "Http2Protocol", number: int, headers: Iterable[Header]) -> None:
        self.id = number
        self.window = asyncio.Event()
        self._connection = connection
        self._scope = _scope(connection, headers)
        self._arrived = asyncio.Event()
        self._body = bytearray()
        self._unacknowledged = 0
        self._more_body = True
        self._gone = False
        self._started = False
        self._complete = False
        # Bytes of the body that the response's own content-length still promises.
        self._promised: int | None = None
        self._bodiless = False

    async def run(self, app: ASGIApp) -> None:
        """Runs the app; a response that it does not complete is cut, so that the client sees a broken stream."""
        try:
            await app(self._scope, self.receive, self.send)
            if not self._complete and not self._gone:
                _log.error("ASGI callable returned without completing response.")
        except BaseException:  # the outermost loop: nothing an app raises may reach another stream
            _log.exception("Exception in ASGI application")
        finally:
            if not self._started and not self._gone:
                self._send_500()
            self._close()

    async def receive(self) -> Message:
        while True:
            if self._gone or self._complete:
                return {"type": "http.disconnect"}
            if self._arrived.is_set():
                self._arrived.clear()
                body = bytes(self._body)
                self._body.clear()
                self._acknowledge()
                return {"type": "http.request", "body": body, "more_body": self._more_body}
            await self._arrived.wait()

    async def send(self, message: Message) -> None:
        if self._gone:
            return
        match message["type"]:
            case "http.response.start" if not self._started:
                self._start(message["status"], message.get("headers", ()))
            case "http.response.body" if self._started and not self._complete:
                await self._send_body(message.get("body", b""), message.get("more_body", False))
            case kind:
                raise RuntimeError(f"Unexpected ASGI message {kind!r}.")

    def feed(self, data: bytes, flow_controlled: int) -> None:
        """Takes a part of the request's body; the client may send as much anew when the app has received it."""
        self._body += data
        self._unacknowledged += flow_controlled
        if data:
            self._arrived.set()
        else:
            self._acknowledge()

    def feed_end(self) -> None:
        self._more_body = False
        self._arrived.set()

    def disconnect(self) -> None:
        """The client has reset the stream or is gone."""
        self._gone = True
        self._body.clear()
        self._acknowledge()
        self._arrived.set()
        self.window.set()

    def _start(self, status: int, given: Iterable[Header]) -> None:
        if not 200 <= status <= 599:
            raise RuntimeError(f"{status} is not the status of a response.")
        headers = [(b":status", b"%d" % status)]
        for name, value in given:
            if HEADER_RE.search(name):
                raise RuntimeError("Invalid HTTP header name.")
            if HEADER_VALUE_RE.search(value):
                raise RuntimeError("Invalid HTTP header value.")
            lowered = name.lower()
            if lowered == b"content-length":
                self._promised = int(value)
            if lowered not in _OF_THE_CONNECTION:
                headers.append((lowered, value))
        self._bodiless = self._scope["method"] == "HEAD" or status in (204, 304)
        self._started = True
        self._connection.h2.send_headers(self.id, headers, end_stream=self._bodiless)
        self._connection.flush()

    async def _send_body(self, body: bytes, more_body: bool) -> None:
        if not self._bodiless:
            self._keep_promise(len(body), more_body)
            await self._send_data(body, end=not more_body)
        if not more_body and not self._gone:
            self._complete = True
            self._close()

    def _keep_promise(self, length: int, more_body: bool) -> None:
        if self._promised is None:
            return
        self._promised -= length
        if self._promised < 0:
            raise RuntimeError("Response content longer than Content-Length")
        if self._promised and not more_body:
            raise RuntimeError("Response content shorter than Content-Length")

    async def _send_data(self, body: bytes, end: bool) -> None:
        """Returns when the transport has taken the body, which it does as fast as the client reads."""
        connection, h2 = self._connection, self._connection.h2
        rest = memoryview(body)
        while rest:
            await connection.writable.wait()
            if self._gone:
                return
            room = min(h2.local_flow_control_window(self.id), _BATCH, len(rest))
            if room <= 0:
                self.window.clear()
                await self.window.wait()
                continue
            while room > 0:
                part = rest[: min(room, h2.max_outbound_frame_size)]
                rest = rest[len(part) :]
                room -= len(part)
                h2.send_data(self.id, part, end_stream=end and not rest)
            connection.flush()
        if end and not body:
            h2.end_stream(self.id)
            connection.flush()

    def _send_500(self) -> None:
        text = b"Internal Server Error"
        self._start(500, [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))])
        if not self._bodiless:
            # Below any flow-control window but one that the client has closed on purpose; then the stream is cut.
            try:
                self._connection.h2.send_data(self.id, text, end_stream=True)
            except ProtocolError:
                return
            self._connection.flush()
        self._complete = True

    def _close(self) -> None:
        """Ends the stream for both sides: what the client still sends of its request is not wanted any more."""
        if self._gone:
            return
        self._gone = True
        self._body.clear()
        self._acknowledge()
        if not self._complete:
            self._reset(ErrorCodes.INTERNAL_ERROR)
        elif self._more_body:
            self._reset(ErrorCodes.NO_ERROR)
        self._arrived.set()
        self._connection.flush()
        self._connection.end(self)

    def _reset(self, code: ErrorCodes) -> None:
        # h2 may have closed the stream itself, over an error of the client's.
        with suppress(ProtocolError):
            self._connection.h2.reset_stream(self.id, code)

    def _acknowledge(self) -> None:
        if self._unacknowledged:
            # A connection that has broken the protocol takes no frame any more.
            with suppress(ProtocolError):
                self._connection.h2.acknowledge_received_data(self._unacknowledged, self.id)
            self._unacknowledged = 0
            self._connection.flush()


def _scope(connection: "Http2Protocol", given: Iterable[Header]) -> Scope:
    """`:authority` stands first among the headers, as host; a host header beside it is kept where it differs."""
    pseudo = {name: value for name, value in given if name.startswith(b":")}
    headers = [(name, value) for name, value in given if not name.startswith(b":")]
    authority = pseudo.get(b":authority")
    if authority is not None:
        headers = [(b"host", authority), *(each for each in headers if each != (b"host", authority))]
    raw_path, _, query = pseudo.get(b":path", b"").partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "method": pseudo.get(b":method", b"").decode("ascii", "replace"),
        "scheme": connection.scheme,
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "server": connection.server,
        "client": connection.client,
        "state": {},
    }
