"""HTTP/2 for the proxy: one connection's frames, by the h2 library, to and from ASGI apps."""

import asyncio
from contextlib import suppress
from typing import cast

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from starlette.types import ASGIApp
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from tracehub.proxy.http2_stream import Http2Stream
from tracehub.proxy.limits import Limits

# What request bodies may wait here for their apps, of all streams of a connection; a stream has the default of 64 KB.
_CONNECTION_WINDOW = 1024 * 1024
# Answers to frames that ask for one, such as PING, which a caller does not read.
_MAX_UNREAD = 1024 * 1024


class Http2Protocol(asyncio.Protocol):
    """One connection. An app is never cancelled by its caller: it goes on after RST_STREAM and after a lost connection.

    hypercorn's machinery does not serve here: it ends no stream whose app fails half-way, stops reading all streams
    when the app of one does not take its body, and closes a connection whose client said GOAWAY under running streams.
    """

    def __init__(self, app: ASGIApp, state: ServerState, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.app = app
        self.loop = loop
        self.h2 = _connection(limits)
        self.writable = asyncio.Event()
        self.writable.set()
        self.scheme = "http"
        self.server: tuple[str, int | None] | None = None
        self.client: tuple[str, int] | None = None
        self._state = state
        self._limits = limits
        self._streams: dict[int, Http2Stream] = {}
        self._running = 0
        self._refused = 0
        self._leaving = False
        self._idle_since: float | None = None
        self._partial_since: float | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._state.connections.add(self)  # type: ignore[arg-type]
        self.scheme = "https" if is_ssl(self._transport) else "http"
        self.server, self.client = get_local_addr(self._transport), get_remote_addr(self._transport)
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(_CONNECTION_WINDOW - self.h2.inbound_flow_control_window)
        self.flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except ProtocolError:
            self.flush()
            self._transport.close()
            self._disconnect()
            return
        if events:
            self._partial_since = None
        for event in events:
            self._handle(event)
        self.flush()
        if self._transport.get_write_buffer_size() > _MAX_UNREAD:
            self._transport.abort()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._disconnect()
        self.writable.set()

    def shutdown(self) -> None:
        """Takes no new streams and closes behind the last running one."""
        if not self._leaving and not self._transport.is_closing():
            self.h2.close_connection(last_stream_id=self.h2.highest_inbound_stream_id)
            self.flush()
        self._leave()

    def sweep(self, now: float) -> None:
        """Closes the connection when no stream is open, and cuts it when a frame is incomplete, for too long."""
        self._idle_since = None if self._streams else (self._idle_since or now)
        self._partial_since = (self._partial_since or now) if _in_a_frame(self.h2) else None
        if self._partial_since and now - self._partial_since > self._limits.head_seconds:
            self.abort()
        elif self._idle_since and now - self._idle_since > self._limits.idle_seconds:
            if self._transport.is_closing():
                self.abort()
            self.shutdown()
            self._idle_since = now

    def abort(self) -> None:
        self._transport.abort()

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if data:
            self._transport.write(data)

    def end(self, stream: Http2Stream) -> None:
        """Forgets a stream whose response is complete or cut."""
        self._streams.pop(stream.id, None)
        if self._leaving:
            self._leave()

    def _disconnect(self) -> None:
        streams = list(self._streams.values())
        self._streams.clear()
        for stream in streams:
            stream.disconnect()

    def _leave(self) -> None:
        self._leaving = True
        if not self._streams:
            self._transport.close()

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._open(event)
            case DataReceived(stream_id=int(number)):
                stream = self._streams.get(number)
                if stream is None:
                    self.h2.acknowledge_received_data(event.flow_controlled_length or 0, number)
                else:
                    stream.feed(event.data or b"", event.flow_controlled_length or 0)
            case StreamEnded(stream_id=int(number)) if number in self._streams:
                self._streams[number].feed_end()
            case StreamReset(stream_id=int(number)) if number in self._streams:
                self._streams.pop(number).disconnect()
                if self._leaving:
                    self._leave()
            case WindowUpdated(stream_id=int(number)) if number:
                if number in self._streams:
                    self._streams[number].window.set()
            case WindowUpdated() | RemoteSettingsChanged():
                for stream in self._streams.values():
                    stream.window.set()
            case ConnectionTerminated():
                self._leave()

    def _open(self, request: RequestReceived) -> None:
        assert request.stream_id is not None
        if self._leaving or self._running >= self._limits.streams:
            self._refuse(request.stream_id)
            return
        stream = Http2Stream(self, request.stream_id, request.headers or [])
        self._streams[stream.id] = stream
        self._running += 1
        task = self.loop.create_task(stream.run(self.app))
        self._state.tasks.add(task)
        task.add_done_callback(self._done)

    def _refuse(self, number: int) -> None:
        # The client may have reset the stream already, in the same bytes.
        with suppress(ProtocolError):
            self.h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)
        self._refused += 1
        if self._refused > self._limits.streams and not self._leaving:
            self.h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self.flush()
            self._leave()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running -= 1
        self._state.tasks.discard(task)
        self._state.total_requests += 1


class _StateMachine(H2ConnectionStateMachine):
    """A GOAWAY of either side ends the taking of new streams (RFC 9113, 6.8); h2 would end the running ones as well."""

    _transitions = {  # noqa: RUF012 (declared like this by h2)
        **H2ConnectionStateMachine._transitions,
        (ConnectionState.SERVER_OPEN, ConnectionInputs.SEND_GOAWAY): (None, ConnectionState.SERVER_OPEN),
        (ConnectionState.SERVER_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.SERVER_OPEN),
    }


def _connection(limits: Limits) -> H2Connection:
    # Outgoing headers are checked and lowered by Http2Stream; incoming ones are kept as they were sent.
    connection = H2Connection(
        H2Configuration(
            client_side=False,
            header_encoding=None,
            normalize_inbound_headers=False,
            normalize_outbound_headers=False,
            validate_outbound_headers=False,
        )
    )
    connection.state_machine = _StateMachine()
    connection.local_settings = Settings(
        client=False,
        initial_values={
            SettingCodes.MAX_CONCURRENT_STREAMS: limits.streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: limits.head_bytes,
        },
    )
    connection.decoder.max_header_list_size = limits.head_bytes
    return connection


def _in_a_frame(connection: H2Connection) -> bool:
    """Whether a frame, or a head of several frames, has begun and not ended. h2 tells it nowhere in public."""
    buffer = connection.incoming_buffer
    return bool(buffer._data or buffer._headers_buffer)
