"""`tracehub export list|check|backfill|resend`: destinations, and what is to go there."""

from urllib.parse import urlencode

import typer

_NAME = typer.Argument(help="The destination's name.")
_SINCE = typer.Option(None, help="Only what began since then: a time, or how long ago, such as 7d.")
_UNTIL = typer.Option(None, help="Only what began before.")
_AGENT = typer.Option([], help="Only this agent; may be repeated.", metavar="ID")


def list_() -> None:
    """Show how each destination stands."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tracehub.cli.export.door import door

    with door() as found:
        items = found.every()
    if not items:
        typer.echo("there are no destinations: declare one with [[destinations]] in tracehub.toml, or in the browser")
        return
    table = Table("destination", "state", "delivered", "waiting", "rejected", "expired", "last error")
    for item in items:
        table.add_row(
            Text(str(item["name"])),
            str(item["state"]),
            f"{item['delivered_traces']:,} traces, {item['delivered_spans']:,} spans",
            f"{item['waiting']:,}",
            f"{item['rejected_traces']:,}",
            f"{item['expired_traces']:,}",
            Text(str(item["stopped_reason"] or item["last_error"] or "—")),
        )
    Console().print(table)


def check(destination: str = _NAME) -> None:
    """Send a small test trace, and say what came back; exit code 1 where it was not taken."""
    from tracehub.cli.export.door import door

    with door() as found:
        tried = found.check(destination)
    typer.echo(f"{destination}: {tried['said']}")
    if not tried["went_well"]:
        if tried["remedy"]:
            typer.echo(f"what to do: {tried['remedy']}")
        raise typer.Exit(1)


def backfill(
    destination: str = _NAME, since: str | None = _SINCE, until: str | None = _UNTIL, agent: list[str] = _AGENT
) -> None:
    """Send what is stored already and was never sent there, as far as the destination's own filter wants it."""
    _queue(destination, _words(since, until, agent) or "since=1970-01-02", only_new=True)


def resend(
    destination: str = _NAME,
    traces: list[str] = typer.Argument(None, help="Ids of traces.", metavar="[TRACE_ID]..."),
    since: str | None = _SINCE,
    until: str | None = _UNTIL,
    agent: list[str] = _AGENT,
) -> None:
    """Send traces once more, whether or not they were delivered before."""
    words = " ".join(traces or ()) or _words(since, until, agent)
    if not words:
        typer.echo("say which: ids of traces, or --since, --until, --agent", err=True)
        raise typer.Exit(2)
    _queue(destination, words, only_new=False)


def _queue(destination: str, words: str, *, only_new: bool) -> None:
    from tracehub.cli.export.door import door

    with door() as found:
        number = found.again(destination, words, only_new)
    waits = "" if number == 0 else "; `tracehub serve` sends them"
    typer.echo(f"{number:,} traces put in the queue of {destination}{waits}")


def _words(since: str | None, until: str | None, agents: list[str]) -> str:
    named = [(name, value) for name, value in (("since", since), ("until", until)) if value]
    return urlencode([*named, *(("agent", agent) for agent in agents)])
