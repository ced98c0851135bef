"""Tells by a connection's first bytes whether it speaks HTTP/1.1 or HTTP/2, and steps aside."""

import asyncio
from collections.abc import Callable
from typing import cast

from tracehub.proxy.http1 import Http1Protocol
from tracehub.proxy.http2 import Http2Protocol
from tracehub.proxy.limits import Limits

# RFC 9113, 3.4
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class FirstBytes(asyncio.Protocol):
    """Stands in `undecided` until it knows; then the transport speaks to the chosen protocol alone.

    Under TLS the handshake has agreed on the protocol. `connection_made` refuses by closing what `admit` refuses.
    """

    def __init__(
        self,
        http1: Callable[[], Http1Protocol],
        http2: Callable[[], Http2Protocol],
        admit: Callable[[], bool],
        undecided: "set[FirstBytes]",
        limits: Limits,
    ) -> None:
        self._http1 = http1
        self._http2 = http2
        self._admit = admit
        self._undecided = undecided
        self._limits = limits
        self._held = b""
        self._since: float | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        if not self._admit():
            self._transport.abort()
            return
        secured = transport.get_extra_info("ssl_object")
        if secured is None:
            self._undecided.add(self)
        else:
            self._hand_over(self._http2() if secured.selected_alpn_protocol() == "h2" else self._http1())

    def data_received(self, data: bytes) -> None:
        self._held += data
        if self._held.startswith(_PREFACE):
            self._hand_over(self._http2())
        elif not _PREFACE.startswith(self._held):
            self._hand_over(self._http1())

    def connection_lost(self, exc: Exception | None) -> None:
        self._undecided.discard(self)

    def sweep(self, now: float) -> None:
        self._since = self._since or now
        if now - self._since > self._limits.head_seconds:
            self.abort()

    def shutdown(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _hand_over(self, protocol: Http1Protocol | Http2Protocol) -> None:
        self._undecided.discard(self)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if self._held:
            protocol.data_received(self._held)
