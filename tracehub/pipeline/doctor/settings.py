"""Looks for mistakes in the settings."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError

from tracehub.analytics.knowledge import load_knowledge
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.errors import PermanentError
from tracehub.settings import Settings

PREFIX = "TRACEHUB_"


def usable_settings(**given: object) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings, with the default in place of each that cannot be used, and what is wrong with those."""
    try:
        return Settings(**given), ()  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = {str(item["loc"][0]): str(item["msg"]) for item in error.errors()}
    defaults = {name: Settings.model_fields[name].get_default(call_default_factory=True) for name in wrong}
    findings = tuple(
        problem(
            f"{PREFIX}{name.upper()} cannot be used: {reason.removeprefix('Value error, ')}",
            f"mend it, or unset it: the default is {_shown(defaults[name])}",
        )
        for name, reason in wrong.items()
    )
    return Settings(**{**given, **defaults}), findings


def examine_settings(
    settings: Settings, wrong: tuple[Finding, ...], environment: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """What is wrong with them and with the files that they name, else how many are set."""
    yield from wrong
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    said = sorted(name for name in environment if name.upper().startswith(PREFIX))
    for name in said:
        if name.upper() not in known:
            alike = get_close_matches(name.upper(), known, n=1)
            yield warning(f"{name} is no setting", f"did you mean {alike[0]}?" if alike else "unset it")
    try:
        load_knowledge(settings.prices_file, settings.tool_error_rules_file)
    except PermanentError as error:
        yield problem(str(error), "mend the file, or unset the setting that names it")
    else:
        used = [name for name in said if name.upper() in known]
        if not wrong:
            yield ok(f"set in the environment: {', '.join(used)}" if used else "all at their defaults")


def _shown(default: object) -> str:
    return "none" if default in (None, ()) else str(default)
