"""`tracehub channels`: through which people are told of alerts."""

import os
from datetime import UTC, datetime

import typer

from tracehub.cli.environment import read_settings

commands = typer.Typer(help="Channels through which people are told of alerts.", no_args_is_help=True)


@commands.command("list")
def list_() -> None:
    """Show the channels, where they were declared and how their newest messages fared; never their secrets."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tracehub.app import open_app
    from tracehub.app.declaring import declare_channels
    from tracehub.store import alert_channels

    with open_app(read_settings()) as app:
        declare_channels(app)
        with app.database.reading() as connection:
            rows = alert_channels.every(connection)
    if not rows:
        typer.echo("there are no channels: declare one with [[channels]] in tracehub.toml, or in the browser")
        return
    table = Table("channel", "kind", "declared in", "last sent (UTC)", "last error")
    for row in rows:
        kind = type(row.channel).__struct_config__.tag
        sent, error = _moment(row.last_sent_at), row.last_error or "—"
        table.add_row(Text(row.channel.name), str(kind), row.declared_in, sent, Text(error))
    Console().print(table)


@commands.command("test")
def send_one(name: str = typer.Argument(help="The channel's name.")) -> None:
    """Send a test message, and say what came back; exit code 1 where it was not taken."""
    from tracehub.alerting.delivery import Terms
    from tracehub.alerting.trial import send_test
    from tracehub.app import clock, open_app
    from tracehub.app.declaring import declare_channels
    from tracehub.outbound import Outbound
    from tracehub.store import alert_channels

    settings = read_settings()
    outbound = Outbound(settings.allowed_networks)
    with open_app(settings) as app:
        declare_channels(app)
        with app.database.reading() as connection:
            row = alert_channels.one(connection, name)
            channel = alert_channels.opened(connection, row, app.sealer)
        terms = Terms(outbound=outbound, public_url=settings.public_url, clock=clock)
        entered = row.declared_in != alert_channels.FROM_FILE
        said, went_well = send_test(channel, terms, test_id=os.urandom(16).hex(), entered=entered)
    outbound.close()
    typer.echo(f"{name}: {said}")
    if not went_well:
        raise typer.Exit(1)


def _moment(at: int | None) -> str:
    return "—" if at is None else f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
