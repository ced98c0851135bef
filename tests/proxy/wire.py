"""Clients that speak HTTP/1.1 and HTTP/2 by the byte, and read no sooner than they are told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset

Header = tuple[bytes, bytes]


class BrokenError(Exception):
    """The response ended before its end."""


class Http1Client:
    """One connection; requests follow one another on it."""

    version = "1.1"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._chunked = False
        self._left = 0

    async def ask(
        self, method: bytes, target: bytes, headers: Sequence[Header] = (), body: bytes = b""
    ) -> tuple[int, list[Header]]:
        """Sends a request, and returns the head of its response."""
        self.send_request(method, target, headers, body)
        return await self.head(method)

    def send_request(
        self, method: bytes, target: bytes, headers: Sequence[Header] = (), body: bytes = b"", host: bytes = b"test"
    ) -> None:
        length = [(b"Content-Length", b"%d" % len(body))] if body else []
        lines = [b"%s: %s\r\n" % each for each in [(b"Host", host), *headers, *length]]
        self.writer.write(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, target, b"".join(lines), body))

    async def head(self, method: bytes = b"GET") -> tuple[int, list[Header]]:
        try:
            status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise BrokenError from error
        headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        self._chunked = (b"transfer-encoding", b"chunked") in headers
        code = int(status.split(b" ")[1])
        self._left = 0 if method == b"HEAD" or code in (204, 304) else int(dict(headers).get(b"content-length", 0))
        return code, headers

    async def part(self) -> bytes | None:
        """What the server sent at once, or None at the body's end."""
        try:
            if self._chunked:
                size = int(await self.reader.readuntil(b"\r\n"), 16)
                data = (await self.reader.readexactly(size + 2))[:-2]
                return data or None
            data = await self.reader.readexactly(self._left)
            self._left = 0
            return data or None
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise BrokenError from error

    async def rest(self) -> bytes:
        """The body to its end."""
        data = b""
        while (part := await self.part()) is not None:
            data += part
        return data

    def leave(self) -> None:
        """Gives up the request that is running."""
        self.writer.transport.abort()


class _OpenMachine(H2ConnectionStateMachine):
    """Reads on behind a GOAWAY, as every client but the h2 library does."""

    _transitions = {  # noqa: RUF012 (declared like this by h2)
        **H2ConnectionStateMachine._transitions,
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.CLIENT_OPEN),
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.SEND_GOAWAY): (None, ConnectionState.CLIENT_OPEN),
    }


class Http2Client:
    """One connection; several requests may run on it, of which `head`, `part` and `leave` mean the latest."""

    version = "2"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = H2Connection(
            H2Configuration(header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        self.h2.state_machine = _OpenMachine()
        self.h2.initiate_connection()
        self.latest = 0
        self.goaway: ErrorCodes | int | None = None
        self._heads: dict[int, list[Header]] = {}
        self._parts: dict[int, list[bytes | None]] = {}
        self._resets: dict[int, ErrorCodes | int] = {}
        self._eof = False

    async def ask(
        self, method: bytes, target: bytes, headers: Sequence[Header] = (), body: bytes = b""
    ) -> tuple[int, list[Header]]:
        self.send_request(method, target, headers, body)
        return await self.head()

    async def rest(self) -> bytes:
        data = b""
        while (part := await self.part()) is not None:
            data += part
        return data

    def send_request(
        self, method: bytes, target: bytes, headers: Sequence[Header] = (), body: bytes = b"", host: bytes = b"test"
    ) -> None:
        self.latest = self.h2.get_next_available_stream_id()
        pseudo = [(b":method", method), (b":scheme", b"http"), (b":authority", host), (b":path", target)]
        self._parts[self.latest] = []
        given = [(name.lower(), value) for name, value in headers]
        self.h2.send_headers(self.latest, [*pseudo, *given], end_stream=not body)
        if body:
            self.h2.send_data(self.latest, body, end_stream=True)
        self.flush()

    async def head(self, method: bytes = b"GET", stream: int | None = None) -> tuple[int, list[Header]]:
        number = stream or self.latest
        while number not in self._heads:
            await self._read(number)
        (_, status), *headers = self._heads[number]
        return int(status), headers

    async def part(self, stream: int | None = None) -> bytes | None:
        number = stream or self.latest
        while not self._parts[number]:
            await self._read(number)
        return self._parts[number].pop(0)

    def open(self, stream: int, headers: list[Header]) -> None:
        """Begins a request whose body is not sent."""
        self._parts[stream] = []
        self.h2.send_headers(stream, headers)
        self.flush()

    def leave(self) -> None:
        self.h2.reset_stream(self.latest, ErrorCodes.CANCEL)
        self.flush()

    def reset_by_server(self, stream: int | None = None) -> ErrorCodes | int | None:
        return self._resets.get(stream or self.latest)

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    async def _read(self, wanted: int) -> None:
        if wanted in self._resets or self._eof:
            raise BrokenError
        try:
            data = await self.reader.read(65536)
        except ConnectionError as error:
            raise BrokenError from error
        self._eof = not data
        for event in self.h2.receive_data(data):
            match event:
                case ResponseReceived(stream_id=int(number)):
                    self._heads[number] = list(event.headers or [])
                case DataReceived(stream_id=int(number)):
                    if event.data:
                        self._parts[number].append(event.data)
                        self.h2.acknowledge_received_data(event.flow_controlled_length or 0, number)
                case StreamEnded(stream_id=int(number)):
                    self._parts[number].append(None)
                case StreamReset(stream_id=int(number)):
                    self._resets[number] = event.error_code or 0
                case ConnectionTerminated():
                    self.goaway = event.error_code
        self.flush()


T = TypeVar("T", bound=Http1Client | Http2Client)


@asynccontextmanager
async def connected(kind: type[T], address: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[T]:
    """A connection that is closed behind the block."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, ssl=tls)
    client = kind(reader, writer)
    if isinstance(client, Http2Client):
        client.flush()
    try:
        yield client
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)
