"""`tracehub reindex`: traces and spans built anew from the events."""

import typer

from tracehub.cli.environment import read_settings


def reindex() -> None:
    """Rebuild every trace and span from the stored events, for example after an upgrade. Loses nothing."""
    from rich.console import Console

    from tracehub.app import clock, open_app
    from tracehub.pipeline.reindex import reindex as rebuild_all

    console = Console(stderr=True)
    with open_app(read_settings()) as app, console.status("rebuilding …") as status:
        done = rebuild_all(
            app.database, app.knowledge, now=clock(), tell=lambda count: status.update(f"rebuilding … {count:,} traces")
        )
    typer.echo(f"{done:,} traces rebuilt from their events")
