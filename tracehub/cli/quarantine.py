"""`tracehub quarantine`: what looked like a trace and could not be read."""

import sys
from datetime import UTC, datetime

import typer

from tracehub.cli.environment import read_settings

commands = typer.Typer(help="What looked like a trace and could not be read.", no_args_is_help=True)


@commands.command("list")
def list_(limit: int = typer.Option(100, help="How many to show, the latest first.", min=1, max=10_000)) -> None:
    """List quarantined pieces with their reasons."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tracehub.app import open_app
    from tracehub.store import quarantine

    with open_app(read_settings()) as app, app.database.reading() as connection:
        rows = quarantine.page(connection, limit=limit).rows
    if not rows:
        typer.echo("nothing is quarantined")
        return
    table = Table("id", "received (UTC)", "bytes", "tries", "source", "reason")
    for row in rows:
        received = datetime.fromtimestamp(row.received_at / 1e6, UTC)
        table.add_row(
            row.sha256[:12],
            f"{received:%Y-%m-%d %H:%M:%S}",
            f"{row.size:,}",
            str(row.tries),
            Text(row.source),
            Text(row.reason),
        )
    Console().print(table)


@commands.command("show")
def show(piece: str = typer.Argument(help="The piece's id, or its first digits.")) -> None:
    """Write a piece's bytes to standard output."""
    from tracehub.app import open_app
    from tracehub.store import quarantine

    with open_app(read_settings()) as app, app.database.reading() as connection:
        sys.stdout.buffer.write(quarantine.data(connection, quarantine.resolve(connection, piece)))


@commands.command("retry")
def retry(
    piece: str | None = typer.Argument(None, help="The piece's id, or its first digits; all where none is given."),
) -> None:
    """Try to read pieces again, for example after an upgrade or with higher limits."""
    from tracehub.app import open_app
    from tracehub.store import quarantine

    with open_app(read_settings()) as app:
        with app.database.reading() as connection:
            pieces = (quarantine.resolve(connection, piece),) if piece else quarantine.every_id(connection)
        read = sum(app.try_again(each) for each in pieces)
    typer.echo(f"{read} of {len(pieces)} could be read now")
    if read < len(pieces):
        raise typer.Exit(1)
