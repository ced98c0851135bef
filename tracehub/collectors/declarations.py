"""Reads the sources that the configuration file declares."""

import tomllib
from pathlib import Path

from tracehub.errors import PermanentError
from tracehub.model.source import Source, read_source


def read_file(file: Path) -> tuple[Source, ...]:
    """The `[[sources]]` of a TOML file; PermanentError, naming the file and the place, where something is wrong."""
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise PermanentError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{file} is not TOML: {error}"
        raise PermanentError(msg) from error
    if unknown := sorted(written.keys() - {"sources"}):
        msg = f"{file} has a part that tracehub does not know: {unknown[0]}"
        raise PermanentError(msg)
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
