"""A ProxyServer on a free port, in the event loop of the test."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from starlette.types import ASGIApp

from tracehub.proxy.limits import Limits
from tracehub.proxy.server import ProxyServer


def run(test: Coroutine[object, object, None]) -> None:
    """Runs a test's own coroutine as the proxy runs: on uvloop."""
    uvloop.run(test)


@asynccontextmanager
async def listening(
    app: ASGIApp, *, limits: Limits | None = None, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[ProxyServer]:
    """Serves the app until the block ends, and then cuts what still runs."""
    server = ProxyServer(app, host="127.0.0.1", port=0, certificate=certificate, key=key, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)
