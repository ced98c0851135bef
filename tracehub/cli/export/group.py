"""The commands below `tracehub export`, and what it does without any: write files."""

from pathlib import Path

import typer

from tracehub.cli.export import sending
from tracehub.cli.export.filtering import filter_of
from tracehub.exporters.terms import Content, Profile

commands = typer.Typer(help="Write traces as files, or see to what other back ends get.")


@commands.callback(invoke_without_command=True)
def export(
    context: typer.Context,
    to: Path | None = typer.Option(None, help="The folder to write to; it is made where it is missing.", metavar="DIR"),
    since: str | None = typer.Option(None, help="Only what began since then: a time, or how long ago, such as 7d."),
    until: str | None = typer.Option(None, help="Only what began before."),
    agent: list[str] = typer.Option([], help="Only this agent; may be repeated.", metavar="ID"),
    content: Content = typer.Option(Content.FULL, help="How much of prompts and answers traces.jsonl holds."),
    content_chars: int = typer.Option(4_000, help="With `--content truncated`: characters of each.", min=2),
    profile: Profile = typer.Option(Profile.V1_41, help="The names of the GenAI conventions to write."),
) -> None:
    """Write traces as OTLP JSON, events as JSON lines and spans as Parquet."""
    if context.invoked_subcommand is not None:
        return
    if to is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)

    from tracehub.analytics.knowledge import load_knowledge
    from tracehub.app import clock
    from tracehub.cli.environment import read_settings
    from tracehub.cli.export.reading import reading_only
    from tracehub.cli.export.to_files import write_files
    from tracehub.exporters.terms import Terms

    chosen = filter_of(since, until, agent, now=clock())
    terms = Terms(profile=profile, content=content, content_chars=content_chars)
    settings = read_settings()
    knowledge = load_knowledge(settings.prices_file, settings.tool_error_rules_file)
    with reading_only(settings) as database:
        done = write_files(database.reading, knowledge, chosen, terms, to)
    typer.echo(f"{done.traces:,} traces with {done.spans:,} spans and {done.events:,} events written to {to}")
    for reason in done.left_out:
        typer.echo(f"left out of traces.jsonl: {reason}", err=True)
    if done.left_out:
        raise typer.Exit(1)


commands.command("list")(sending.list_)
commands.command("check")(sending.check)
commands.command("backfill")(sending.backfill)
commands.command("resend")(sending.resend)
