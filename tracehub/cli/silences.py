"""`tracehub silences`: alerts that nobody is to be told of for a while."""

import getpass
import os
import re
from datetime import UTC, datetime

import typer

from tracehub.cli.environment import read_settings
from tracehub.errors import PermanentError

commands = typer.Typer(help="Silences: alerts that nobody is to be told of for a while.", no_args_is_help=True)
_LENGTH = re.compile(r"(\d{1,4})([mhdw])")
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}
_MINUTE_US = 60_000_000


@commands.command("add")
def add(
    conditions: list[str] = typer.Argument(
        help="Which alerts: label=value, label!=value, label=~pattern or label!~pattern (* any, ? one, | or).",
        show_default=False,
    ),
    lasts: str = typer.Option("2h", "--for", help="How long: 30m, 2h, 1d, 1w."),
    author: str | None = typer.Option(None, help="Whom to ask about it; otherwise who you are on this machine."),
    comment: str = typer.Option("", help="Why."),
) -> None:
    """Keep people from being told of the alerts that match all conditions."""
    from tracehub.alerting.silencing import check, read_matcher
    from tracehub.app import clock, open_app
    from tracehub.model.silence import Silence
    from tracehub.store import alert_silences

    now = clock()
    silence = Silence(
        silence_id=os.urandom(16).hex(),
        matchers=tuple(read_matcher(each) for each in conditions),
        begins_at=now,
        ends_at=now + _minutes(lasts) * _MINUTE_US,
        author=author or getpass.getuser(),
        comment=comment,
        created_at=now,
    )
    check(silence)
    with open_app(read_settings()) as app, app.database.writing() as connection:
        alert_silences.save(connection, silence)
    typer.echo(f"{silence.silence_id[:8]} holds until {_moment(silence.ends_at)} UTC")


@commands.command("list")
def list_() -> None:
    """Show the silences that are not over."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tracehub.alerting.silencing import active
    from tracehub.app import clock, open_app
    from tracehub.store import alert_silences

    now = clock()
    with open_app(read_settings()) as app, app.database.reading() as connection:
        found = alert_silences.ending_after(connection, now)
    if not found:
        typer.echo("there are no silences")
        return
    table = Table("id", "conditions", "holds", "until (UTC)", "author", "comment")
    for each in found:
        conditions = ", ".join(f"{one.label}{one.operator.value}{one.value}" for one in each.matchers)
        holds = "now" if active(each, now) else "at its hours" if each.weekly else "not yet"
        table.add_row(
            each.silence_id[:8],
            Text(conditions or "everything"),
            holds,
            _moment(each.ends_at),
            Text(each.author),
            Text(each.comment),
        )
    Console().print(table)


@commands.command("end")
def end(silence: str = typer.Argument(help="The silence's id, or its first digits.")) -> None:
    """End a silence now."""
    from msgspec.structs import replace

    from tracehub.app import clock, open_app
    from tracehub.store import alert_silences

    now = clock()
    with open_app(read_settings()) as app, app.database.writing() as connection:
        found = [each for each in alert_silences.ending_after(connection, now) if each.silence_id.startswith(silence)]
        if len(found) != 1 or not silence:
            msg = f"{len(found)} silences have an id that begins with {silence[:40]!r}: see the list"
            raise PermanentError(msg)
        alert_silences.save(connection, replace(found[0], ends_at=now))
    typer.echo(f"{found[0].silence_id[:8]} has ended")


def _minutes(written: str) -> int:
    found = _LENGTH.fullmatch(written.strip())
    if found is None or int(found[1]) == 0:
        msg = f"{written[:40]!r} is no length of time: write 30m, 2h, 1d or 1w"
        raise PermanentError(msg)
    return int(found[1]) * _MINUTES[found[2]]


def _moment(at: int | None) -> str:
    return "—" if at is None else f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M}"
