"""HTTP/1.1 for the proxy: uvicorn's protocol, with bounds on what a caller may send before it is known."""

import asyncio

from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tracehub.proxy.limits import Limits

_SHORT = 16 * 1024
_REFUSAL = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Http1Protocol(HttpToolsProtocol):
    """One connection. A request that comes in one short read, as agents' calls do, takes uvicorn's way unwatched.

    Raw bytes of the target that are no ASCII are refused with 400, like all that llhttp refuses. Trailers of a chunked
    request are dropped: uvicorn would add them to headers the app has already seen.
    """

    # uvicorn declares these as if they were there before the first request.
    cycle: RequestResponseCycle | None  # type: ignore[assignment]
    scope: Scope  # type: ignore[assignment]

    def __init__(self, config: Config, state: ServerState, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(config, state, {}, loop)
        self.scope = {}
        self._limits = limits
        self._watched = False
        self._head = 0
        self._silent = 0
        self._stalled_at: tuple[object, float] | None = None

    def data_received(self, data: bytes) -> None:
        if self._watched or len(data) > _SHORT:
            self._receive_watched(data)
            return
        super().data_received(data)
        if "path" not in self.scope:
            self._head = len(data)
            self._watched = True

    def on_chunk_header(self) -> None:
        """Called by httptools for chunked bodies only."""
        self._watched = True
        self.headers = _Dropped()

    def sweep(self, now: float) -> None:
        """Cuts the connection when it has been in the middle of a head, or closing, for too long."""
        unanswered = self.cycle is None or self.cycle.response_complete
        if not self.transport.is_closing() and not (unanswered and self.timeout_keep_alive_task is None):
            self._stalled_at = None
        elif self._stalled_at is None or self._stalled_at[0] is not self.cycle:
            self._stalled_at = (self.cycle, now)
        elif now - self._stalled_at[1] > self._limits.head_seconds:
            self.transport.abort()

    def abort(self) -> None:
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: `Upgrade: h2c` is what some HTTP clients add to every first request, and may be ignored."""

    def _receive_watched(self, data: bytes) -> None:
        place = 0
        while place < len(data) and not self.transport.is_closing():
            if "path" in self.scope and self.cycle is not None and self.cycle.more_body:
                self._receive_body(data[place:])
                break
            piece = data[place : place + min(_SHORT, self._limits.head_bytes - self._head)]
            place += len(piece)
            super().data_received(piece)
            self._head = self._head + len(piece) if "path" not in self.scope else 0
            if self._head >= self._limits.head_bytes:
                self._refuse_head()
        self._watched = self._head > 0 or (self.cycle is not None and self.cycle.more_body)

    def _receive_body(self, data: bytes) -> None:
        """Chunk extensions and trailers may be endless too, and the parser keeps them where the app never sees them."""
        assert self.cycle is not None
        cycle, before = self.cycle, len(self.cycle.body)
        super().data_received(data)
        grown = len(cycle.body) > before or cycle.response_complete or not cycle.more_body
        self._silent = 0 if grown else self._silent + len(data)
        if self._silent > self._limits.head_bytes:
            self._refuse_head()

    def _refuse_head(self) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_REFUSAL)
        self.transport.close()


class _Dropped(list[tuple[bytes, bytes]]):
    """Keeps nothing of what it is given."""

    def append(self, _: tuple[bytes, bytes]) -> None:
        pass
