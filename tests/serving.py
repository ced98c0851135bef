"""A real server for tests: uvicorn in a thread, on a port of its own, over a real database."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from tests import migrated_copies
from tracehub.app import App, open_app, web_of
from tracehub.cli.listening import Server as Listening
from tracehub.settings import Settings
from tracehub.web.build import end_streams


class Server:
    """A running tracehub: `client` speaks to it, `app` is what it is made of."""

    def __init__(self, app: App, address: str, client: httpx.Client) -> None:
        self.app = app
        self.address = address
        self.client = client


@contextmanager
def serving(database_url: str, **settings: object) -> Iterator[Server]:
    """Serves `database_url`, migrated, under these settings."""
    migrated_copies.fill(database_url)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        given = Settings(database_url=database_url, port=port, **settings)  # type: ignore[arg-type]
        with open_app(given) as app:
            web = web_of(app)
            config = uvicorn.Config(web, log_config=None, h11_max_incomplete_event_size=32 * 1024)
            server = Listening(config, lambda _: None, lambda: end_streams(web))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            while not server.started:
                time.sleep(0.005)
            address = f"http://127.0.0.1:{port}"
            try:
                with httpx.Client(base_url=address, timeout=30) as client:
                    yield Server(app, address, client)
            finally:
                server.should_exit = True
                thread.join()
