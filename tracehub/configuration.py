"""Reads the configuration file: what a team declares beside what it declares in the UI."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from tracehub.errors import PermanentError
from tracehub.model.channel import Channel, read_channel
from tracehub.model.destination import Destination, read_destination
from tracehub.model.source import Source, read_source

_Declared = TypeVar("_Declared", bound=Source | Destination | Channel)
_PARTS = frozenset({"sources", "destinations", "channels", "rules_files"})


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What a file declares. `rules_files` lie beside it."""

    sources: tuple[Source, ...] = ()
    destinations: tuple[Destination, ...] = ()
    channels: tuple[Channel, ...] = ()
    rules_files: tuple[Path, ...] = ()


def read_configuration(file: Path) -> Configuration:
    """What a TOML file declares; PermanentError, naming the file and the place, where something is wrong."""
    written = _written(file)
    return Configuration(
        sources=_read(file, written, "source", read_source),
        destinations=_read(file, written, "destination", read_destination),
        channels=_read(file, written, "channel", read_channel),
        rules_files=_rules_files(file, written),
    )


def _read(
    file: Path, written: Mapping[str, object], what: str, read: Callable[[Mapping[str, object]], _Declared]
) -> tuple[_Declared, ...]:
    declared = written.get(f"{what}s", [])
    if not isinstance(declared, list) or not all(isinstance(each, dict) for each in declared):
        msg = f"{file}: each {what} begins with [[{what}s]]"
        raise PermanentError(msg)
    try:
        found = tuple(read(each) for each in declared)
    except PermanentError as error:
        msg = f"{file}: {error}"
        raise PermanentError(msg) from None
    names = [each.name for each in found]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        msg = f"{file} declares two {what}s named {doubled!r}"
        raise PermanentError(msg)
    return found


def _rules_files(file: Path, written: Mapping[str, object]) -> tuple[Path, ...]:
    named = written.get("rules_files", [])
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
    if unknown := sorted(written.keys() - _PARTS):
        msg = f"{file} has a part that tracehub does not know: {unknown[0]}"
        raise PermanentError(msg)
    return written
