"""Runs an HTTP server in the foreground until it is told to stop."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Calls `started` with its port once it answers, and `stopping` before it waits for open requests to end.

    It stops on a signal but does not raise it again, as uvicorn does: what is open is closed first.
    """

    def __init__(
        self, config: uvicorn.Config, started: Callable[[int], None], stopping: Callable[[], None] | None = None
    ) -> None:
        super().__init__(config)
        self._started = started
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Called by uvicorn around its run; only a program's main thread hears signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn."""
        await super().startup(sockets)
        if self.started:
            self._started(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn."""
        if self._stopping:
            self._stopping()
        await super().shutdown(sockets)


def reached(host: str) -> str:
    """How a client on this machine writes the host of a server that listens there."""
    named = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (only compared)
    return f"[{named}]" if ":" in named else named
