"""`tracehub view`: a look at some files, without keeping anything."""

import socket
import tempfile
import threading
import webbrowser
from pathlib import Path

import typer

from tracehub.cli.environment import read_settings


def view(
    paths: list[str] = typer.Argument(
        help="Files, folders, or - for standard input; plain, gzip or zstd.", metavar="FILE…"
    ),
    browser: bool = typer.Option(True, help="Open the default browser."),
    port: int | None = typer.Option(None, help="Port to listen on; a free one by default.", min=1, max=65535),
) -> None:
    """Import files into a temporary database and show them in the browser."""
    from tracehub.app import clock, open_app
    from tracehub.cli.importing import import_sources, sources_in, summary
    from tracehub.cli.serving import address_of, serve_app

    sources = list(sources_in(paths))
    with tempfile.TemporaryDirectory(prefix="tracehub-view-") as folder:
        database = f"sqlite:///{Path(folder) / 'view.db'}"
        settings = read_settings(database_url=database, host="127.0.0.1", port=port or _free_port())
        with open_app(settings) as app:
            counts = import_sources(
                sources,
                lambda chunks, source: app.ingest.handle_chunks(chunks, source=source, received_at=clock()),
                quiet=False,
            )
            typer.echo(summary(counts))
            if browser:
                threading.Timer(0.7, webbrowser.open, [f"{address_of(settings)}/sessions"]).start()
            serve_app(app)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
