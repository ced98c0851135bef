"""`tracehub doctor`: what is wrong and what to do, and the least IAM policy."""

import json
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tracehub.errors import PermanentError
from tracehub.telemetry.logs import configure_logging

if TYPE_CHECKING:
    from tracehub.collectors.probes.finding import Finding
    from tracehub.pipeline.doctor.examination import Examination, Part
    from tracehub.settings import Settings

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    config: str | None = typer.Option(
        None, help="Configuration file; otherwise TRACEHUB_CONFIG_FILE or tracehub.toml."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print all findings as one JSON object."),
    policy: bool = typer.Option(
        False, "--policy", help="Print only the least IAM policy for the declared sources; nothing is asked of AWS."
    ),
    role: str | None = typer.Option(
        None, help="With --policy: that of this role, which sources name as role_arn.", metavar="ARN"
    ),
    kms_key: list[str] = typer.Option(
        [], help="With --policy: a key that encrypts the objects or the queue; may be repeated.", metavar="ARN"
    ),
) -> None:
    """Find out what is wrong and what to do about it. Exit code 1 when there is a problem.

    Looks at settings, configuration, database, clock, and at every source by really asking AWS; changes nothing.
    """
    if (role or kms_key) and not policy:
        msg = "--role and --kms-key belong to --policy"
        raise PermanentError(msg)
    examination = _examination(config)
    if policy:
        _print_policy(examination, role, kms_key)
        return
    parts = examination.parts()
    levels = _print_json(parts) if as_json else _print_lines(parts)
    if "problem" in levels:
        raise typer.Exit(1)


def _examination(config: str | None) -> "Examination":
    from tracehub.app import clock
    from tracehub.app.declaring import DEFAULT_CONFIG
    from tracehub.pipeline.doctor.examination import Examination
    from tracehub.pipeline.doctor.settings import usable_settings

    settings, wrong = usable_settings(**({"config_file": Path(config)} if config else {}))
    configure_logging("ERROR")
    file = settings.config_file or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    return Examination(settings, (*wrong, *_of_bind(settings)), file, clock)


def _of_bind(settings: "Settings") -> Iterator["Finding"]:
    from tracehub.collectors.probes.finding import problem
    from tracehub.web.safety.binding import refuse_open_bind

    try:
        refuse_open_bind(settings)
    except PermanentError as error:
        what, _, remedy = str(error).partition(": ")
        yield problem(what, remedy)


def _print_lines(parts: Iterator["Part"]) -> list[str]:
    """As they are found; the levels of all."""
    from rich.console import Console
    from rich.text import Text

    if isinstance(sys.stdout, TextIOWrapper):
        # Names in AWS may hold what a terminal's encoding does not.
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, soft_wrap=True)
    levels: list[str] = []
    for about, findings in parts:
        console.print(Text(about, style="bold"))
        for finding in findings:
            levels.append(finding.level)
            console.print(Text.assemble("  ", (f"{finding.level:<9}", _STYLES[finding.level]), finding.what))
            if finding.remedy:
                console.print(Text(f"           → {finding.remedy}"))
    console.print(Text(_summary(levels), style=_STYLES["problem" if "problem" in levels else "ok"]))
    return levels


def _summary(levels: list[str]) -> str:
    counts = [(levels.count(level), level) for level in ("problem", "warning")]
    said = [f"{count} {level}{'' if count == 1 else 's'}" for count, level in counts if count]
    return " and ".join(said) or "all is well"


def _print_json(parts: Iterator["Part"]) -> list[str]:
    import msgspec

    findings = [{"about": part.about, **msgspec.to_builtins(finding)} for part in parts for finding in part.findings]
    levels = [str(finding["level"]) for finding in findings]
    counts = {f"{level}s": levels.count(level) for level in ("problem", "warning")}
    typer.echo(json.dumps({**counts, "findings": findings}, indent=2, ensure_ascii=False))
    return levels


def _print_policy(examination: "Examination", role: str | None, kms_keys: list[str]) -> None:
    """The document on standard output; what a person should know beside it on standard error."""
    from tracehub.collectors.policy import policy_of, roles_of
    from tracehub.collectors.probes.identity import region_of

    for part in examination.declared():
        for finding in part.findings:
            if finding.level == "problem":
                _note(f"{finding.what}; {finding.remedy}")
    sources = examination.sources()
    roles = roles_of(sources)
    if not sources:
        msg = "there are no sources to write a policy for: declare them in tracehub.toml"
        raise PermanentError(msg)
    if role is not None and role not in roles:
        msg = f"no source names {role} as role_arn; they name {', '.join(roles) or 'none'}"
        raise PermanentError(msg)
    made = policy_of(sources, role, region_of, kms_keys=kms_keys)
    for unknown in made.unknown:
        _note(f"`*` stands for {unknown}")
    if role is None:
        for other in roles:
            _note(f"this is the policy of what tracehub runs as; the role's: tracehub doctor --policy --role {other}")
    typer.echo(json.dumps(made.document, indent=2))


def _note(text: str) -> None:
    print(f"tracehub: {text}", file=sys.stderr)
