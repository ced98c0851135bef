"""`tracehub proxy`: stands in front of bedrock-agent-runtime and keeps the traces of the calls that go through it."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tracehub.cli.children import Child, when_parent_ends
from tracehub.cli.environment import read_settings
from tracehub.errors import StoreUnavailableError
from tracehub.settings import Settings

if TYPE_CHECKING:
    from tracehub.model.proxy_key import ProxyKey


def proxy(
    host: str | None = typer.Option(None, help="Address to listen on; TRACEHUB_PROXY_HOST, else 127.0.0.1."),
    port: int | None = typer.Option(None, help="Port to listen on; TRACEHUB_PROXY_PORT, else 8322.", min=0, max=65535),
    upstream: str | None = typer.Option(None, help="Another endpoint than AWS's own.", metavar="URL"),
    with_parent: bool = typer.Option(False, "--with-parent", hidden=True),
) -> None:
    """Pass calls on to bedrock-agent-runtime, and keep the traces of agents, until interrupted.

    On PostgreSQL what was kept goes to the database from here, on SQLite by a running `tracehub serve`.
    """
    settings = read_settings(proxy_host=host, proxy_port=port, proxy_upstream=upstream)
    drains = not with_parent and not settings.database_url.startswith("sqlite")
    with _draining() if drains else nullcontext():
        _run(settings, with_parent=with_parent)


def drain() -> None:
    """Store what proxies of this machine kept, until standard input is closed."""
    from tracehub.app import open_app
    from tracehub.app.running import draining

    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    when_parent_ends(stop.set)
    with open_app(read_settings()) as app, draining(app):
        stop.wait()


@contextmanager
def proxy_beside(settings: Settings) -> Iterator[None]:
    """The proxy in a process of its own, until the block ends: pages and queries take no time from calls."""
    child = Child(["proxy", "--with-parent"], settings.proxy_grace_seconds)
    child.start()
    try:
        yield
    finally:
        child.stop()


@contextmanager
def _draining() -> Iterator[None]:
    """A process of its own stores what was kept, so that it takes no time from the calls."""
    child = Child(["proxy-drain"], grace_seconds=10)
    child.start()
    try:
        yield
    finally:
        child.stop()


def _run(settings: Settings, *, with_parent: bool) -> None:
    import uvloop

    from tracehub.proxy.master import master_for
    from tracehub.proxy.process import ProxyProcess

    async def run() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        if with_parent:
            when_parent_ends(lambda: loop.call_soon_threadsafe(stop.set))
        process = ProxyProcess(settings, _fetching(settings), partial(master_for, settings), _clock)
        await process.run(stop, lambda address: typer.echo(f"the proxy is at {address}  (Ctrl+C stops it)"))

    uvloop.run(run())


def _fetching(settings: Settings) -> "Callable[[], tuple[ProxyKey, ...]]":
    """Reads the keys; StoreUnavailableError where the database is not there."""
    from tracehub.store import proxy_keys
    from tracehub.store.database import Database, parse_url

    url = parse_url(settings.database_url)
    file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
    database = Database(url, owned=False)

    def fetch() -> "tuple[ProxyKey, ...]":
        if file is not None and not file.exists():
            msg = f"there is no database at {file} yet"
            raise StoreUnavailableError(msg)
        with database.reading() as connection:
            return proxy_keys.every(connection)

    return fetch


def _clock() -> int:
    """As app.clock, which would bring all that reads and stores: a proxy that is started again has callers waiting."""
    return time.time_ns() // 1000
