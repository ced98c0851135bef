"""Serves one ASGI app on one port over HTTP/1.1 and HTTP/2, in clear text or under TLS."""

import asyncio
import ssl
from pathlib import Path
from typing import cast

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from tracehub.proxy.first_bytes import FirstBytes
from tracehub.proxy.http1 import Http1Protocol
from tracehub.proxy.http2 import Http2Protocol
from tracehub.proxy.limits import Limits

_SWEEP_SECONDS = 1.0
_HANDSHAKE_SECONDS = 10.0
# Connections that wait for accept(): a fleet of callers may start at once.
_BACKLOG = 2048


class ProxyServer:
    """HTTP/1.1 with keep-alive, HTTP/2 with prior knowledge, and with a certificate TLS and ALPN for both.

    The app is plain ASGI for `http` scopes, without lifespan. It sees `raw_path` and `query_string` as they were on the
    wire, is never cancelled when a caller leaves (`receive` gives http.disconnect, `send` drops what it is given), and
    waits in `send` while its caller does not read. Reading a body that never comes is the app's own to bound.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        certificate: Path | None = None,
        key: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._tls = _tls(certificate, key) if certificate else None
        self._limits = limits or Limits()
        self._state = ServerState()
        self._undecided: set[FirstBytes] = set()
        self._listening: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None
        # Connections closed because there were too many.
        self.refused = 0

    async def start(self) -> None:
        """Listens when it returns; OSError where the address cannot be had."""
        loop = asyncio.get_running_loop()
        config = Config(
            self._app,
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=cast(int, self._limits.idle_seconds),
        )
        config.load()

        def connect() -> FirstBytes:
            return FirstBytes(
                lambda: Http1Protocol(config, self._state, loop, self._limits),
                lambda: Http2Protocol(self._app, self._state, loop, self._limits),
                self._admit,
                self._undecided,
                self._limits,
            )

        self._listening = await loop.create_server(
            connect,
            self._host,
            self._port,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
            backlog=_BACKLOG,
        )
        self._sweeping = loop.create_task(self._sweep())

    @property
    def address(self) -> str:
        """The URL callers use, with the port that was given by the system where 0 was asked for."""
        assert self._listening is not None
        host, port = self._listening.sockets[0].getsockname()[:2]
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._state.connections) + len(self._undecided)

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more requests, lets running ones end within the grace, then cuts connections and cancels apps."""
        if self._listening is None:
            return
        self._listening.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        for each in self._all():
            each.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_seconds
        while (self.connections or self._state.tasks) and loop.time() < end:
            await asyncio.sleep(0.02)
        for each in self._all():
            each.abort()
        await asyncio.sleep(0)
        running = list(self._state.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._listening.wait_closed()
        self._listening = None

    def _admit(self) -> bool:
        if self.connections < self._limits.connections:
            return True
        self.refused += 1
        return False

    async def _sweep(self) -> None:
        """Drops the slow and the idle. Looking at all connections now and then costs requests nothing."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for each in self._all():
                each.sweep(now)

    def _all(self) -> list[Http1Protocol | Http2Protocol | FirstBytes]:
        """Every open connection; ServerState's own type names uvicorn's protocols only."""
        return [*cast("set[Http1Protocol | Http2Protocol]", self._state.connections), *self._undecided]


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
