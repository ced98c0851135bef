"""Reads the sources that the configuration file declares."""

import tomllib
from pathlib import Path

from tracehub.errors import PermanentError
from tracehub.model.source import Source, read_source


def read_file(file: Path) -> tuple[Source, ...]:
    """The `[[sources]]` of a TOML file; PermanentError, naming the file and the place, where something is wrong."""
    written = _written(file)
    declared = written.get("sources", [])
    if not isinstance(declared, list) or not all(isinstance(each, dict) for each in declared):
        msg = f"{file}: each source begins with [[sources]]"
        raise PermanentError(msg)
    try:
        found = tuple(read_source(each) for each in declared)
    except PermanentError as error:
        msg = f"{file}: {error}"
        raise PermanentError(msg) from None
    names = [source.name for source in found]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        msg = f"{file} declares two sources named {doubled!r}"
        raise PermanentError(msg)
    return found


def rules_files(file: Path) -> tuple[Path, ...]:
    """The files of alert rules that it names under `rules_files`, beside itself; PermanentError as `read_file`."""
    named = _written(file).get("rules_files", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        msg = f'{file}: rules_files is a list of names, such as ["rules.yaml"]'
        raise PermanentError(msg)
    return tuple(file.parent / each for each in named)


def _written(file: Path) -> dict[str, object]:
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise PermanentError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file} is not TOML: {error}"
        raise PermanentError(msg) from error
    if unknown := sorted(written.keys() - {"sources", "rules_files"}):
        msg = f"{file} has a part that tracehub does not know: {unknown[0]}"
        raise PermanentError(msg)
    return written
