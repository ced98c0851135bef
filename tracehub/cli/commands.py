"""The list of commands."""

import typer

from tracehub import __version__
from tracehub.cli import (
    channels,
    collecting,
    database,
    demo,
    doctor,
    importing,
    keys,
    proxying,
    quarantine,
    reindexing,
    replaying,
    rules,
    serving,
    silences,
    viewing,
)
from tracehub.cli.export import group as exporting


def build_commands() -> typer.Typer:
    """Every command under its name."""
    commands = typer.Typer(
        name="tracehub",
        help="Keeps and shows the traces of agents built with Agents for Amazon Bedrock.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    commands.callback()(_version_option)
    commands.command("serve")(serving.serve)
    commands.command("collect")(collecting.collect)
    commands.command("proxy")(proxying.proxy)
    commands.command("proxy-drain", hidden=True)(proxying.drain)
    commands.command("import")(importing.import_)
    commands.command("view")(viewing.view)
    commands.command("demo")(demo.demo)
    commands.command("demo-data")(demo.demo_data)
    commands.command("replay")(replaying.replay)
    commands.command("doctor")(doctor.doctor)
    commands.command("reindex")(reindexing.reindex)
    commands.add_typer(keys.commands, name="keys")
    commands.add_typer(quarantine.commands, name="quarantine")
    commands.add_typer(exporting.commands, name="export")
    commands.add_typer(rules.commands, name="rules")
    commands.add_typer(channels.commands, name="channels")
    commands.add_typer(silences.commands, name="silences")
    commands.add_typer(database.commands, name="db")
    return commands


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tracehub {__version__}")
        raise typer.Exit


def _version_option(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    pass
