"""`tracehub rules`: alert rules in files and in the database."""

from pathlib import Path

import typer

from tracehub.cli.environment import read_settings
from tracehub.errors import PermanentError

commands = typer.Typer(help="Alert rules.", no_args_is_help=True)
_FILES = typer.Argument(help="Files of rules (YAML).", show_default=False)
_TESTS = typer.Argument(help="Files of tests (YAML).", show_default=False)


@commands.command("check")
def check(files: list[Path] = _FILES) -> None:
    """Read files of rules and name line and field of every mistake; exit code 1 where there is one."""
    from tracehub.alerting.rule_files import read_all, read_rules

    errors = 0
    for file in files:
        try:
            found = read_rules(file)
        except PermanentError as error:
            errors += 1
            typer.echo(str(error))
            continue
        typer.echo(f"{file}: {_number(len(found.rules), 'rule')}, no mistakes")
    if not errors and len(files) > 1:
        read_all(files)
    if errors:
        raise typer.Exit(1)


@commands.command("test")
def run_tests(files: list[Path] = _TESTS) -> None:
    """Run rules over the sample data of files of tests; exit code 1 where other alerts fire than expected."""
    from tracehub.alerting import rule_tests
    from tracehub.alerting.rule_test_files import read_tests

    failed = False
    for file in files:
        try:
            tests = read_tests(file)
        except PermanentError as error:
            typer.echo(str(error))
            failed = True
            continue
        differences = rule_tests.run_tests(tests)
        for difference in differences:
            typer.echo(f"{file}: {difference.text}")
        failed = failed or bool(differences)
        wrong = len({difference.test for difference in differences})
        verdict = f"{wrong} failed" if wrong else "all as expected"
        typer.echo(f"{file}: {_number(len(tests.tests), 'test')}, {verdict}")
    if failed:
        raise typer.Exit(1)


@commands.command("list")
def list_() -> None:
    """Show the rules of the database, where they were declared and until when they were evaluated."""
    from rich.console import Console
    from rich.table import Table

    from tracehub.app import open_app
    from tracehub.store import alert_rules

    with open_app(read_settings()) as app, app.database.reading() as connection:
        rows = alert_rules.every(connection)
    table = Table("rule", "measure", "severity", "declared in", "state", "evaluated until (UTC)")
    for row in rows:
        state = "paused" if row.paused else row.last_error or "ok"
        table.add_row(
            row.rule.name,
            row.rule.measure.value,
            row.rule.severity.value,
            row.declared_in,
            state,
            _moment(row.last_evaluated_at),
        )
    Console().print(table)


@commands.command("apply")
def apply(files: list[Path] = _FILES) -> None:
    """Make the rules that came from files those of these files; rules made in the UI stay."""
    from tracehub.alerting.declared import declare
    from tracehub.alerting.rule_files import read_all
    from tracehub.app import clock, open_app

    rules = read_all(files)
    with open_app(read_settings()) as app, app.database.writing() as connection:
        done = declare(connection, rules, now=clock())
    typer.echo(f"{_number(done.declared, 'rule')} declared, {done.removed} removed")


@commands.command("export")
def export() -> None:
    """Write the rules of the database to standard output, as a file of rules."""
    from tracehub.alerting.rule_files import write_rules
    from tracehub.app import open_app
    from tracehub.store import alert_rules

    with open_app(read_settings()) as app, app.database.reading() as connection:
        rules = [row.rule for row in alert_rules.every(connection)]
    typer.echo(write_rules(rules), nl=False)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _moment(at: int | None) -> str:
    from datetime import UTC, datetime

    return "—" if at is None else datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
