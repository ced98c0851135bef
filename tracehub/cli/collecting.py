"""`tracehub collect`: reads the declared sources, without the web."""

import signal
import threading

import typer

from tracehub.cli.environment import read_settings


def collect(
    config: str | None = typer.Option(
        None, help="Configuration file; otherwise TRACEHUB_CONFIG_FILE or tracehub.toml."
    ),
) -> None:
    """Collect from the declared sources until interrupted. As many processes as wanted share them on PostgreSQL."""
    from tracehub.app import open_app
    from tracehub.app.running import COLLECTING, collecting

    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with open_app(read_settings(config_file=config)) as app, collecting(app):
        typer.echo("collecting  (Ctrl+C stops it)")
        while not stop.wait(1):
            if not app.workers[COLLECTING].alive:
                raise typer.Exit(1)
