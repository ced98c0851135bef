"""Looks for mistakes in the configuration file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from tracehub.collectors.probes.finding import Finding, ok, problem
from tracehub.configuration import Configuration as Declared
from tracehub.configuration import read_configuration
from tracehub.errors import PermanentError
from tracehub.model.source import CloudWatchSource, S3Source, Source, read_source

_WORDS = {
    kind: tuple(field.name for field in msgspec.structs.fields(of))
    for kind, of in (("cloudwatch", CloudWatchSource), ("s3", S3Source))
}
_KINDS = tuple(_WORDS)
_UNKNOWN_WORD = re.compile("unknown field `([^`]+)`")


class Configuration:
    """What a file declares, known once `findings` was gone through.

    `sources` is None where there is no file that can be used; where there is one that cannot, it `is_broken`.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.is_broken = False
        self.sources: tuple[Source, ...] | None = None

    def findings(self) -> Iterator[Finding]:
        """Each source's mistake, else how many sources there are."""
        file = self._file
        if file is None:
            yield ok("there is no tracehub.toml here, and none is named by --config or TRACEHUB_CONFIG_FILE")
            return
        try:
            declared = read_configuration(file)
        except PermanentError as error:
            self.is_broken = True
            apart = tuple(_mistakes(file))
            yield from apart or (problem(str(error), _remedy(file)),)
            return
        self.sources = declared.sources
        if declared.destinations or declared.channels or declared.rules_files:
            yield ok(f"{file} declares {_others(declared)}")
        if self.sources:
            yield ok(f"{file} declares {_counted(self.sources)}")
        elif declared == Declared():
            yield problem(f"{file} declares nothing", "add a [[sources]] part, or remove the file")


def _others(declared: Declared) -> str:
    parts = {"destination": declared.destinations, "channel": declared.channels, "rules file": declared.rules_files}
    return ", ".join(f"{len(found)} {name}{'s' if len(found) > 1 else ''}" for name, found in parts.items() if found)


def _mistakes(file: Path) -> Iterator[Finding]:
    """Those of each source, where the file can be read so far."""
    try:
        declared = tomllib.loads(file.read_text(encoding="utf-8")).get("sources", [])
    except (OSError, ValueError):
        return
    if not isinstance(declared, list):
        return
    for number, each in enumerate(declared, 1):
        if isinstance(each, dict):
            try:
                read_source(each)
            except PermanentError as error:
                yield problem(f"{file}, source {number}: {error}", _remedy_of_source(each, str(error)))


def _remedy_of_source(declared: Mapping[str, object], said: str) -> str:
    words = _WORDS.get(str(declared.get("kind")))
    if words is None:
        return f'begin it with kind = "{_KINDS[0]}" or kind = "{_KINDS[1]}"'
    unknown = _UNKNOWN_WORD.search(said)
    alike = get_close_matches(unknown.group(1), words, n=1) if unknown else []
    return f"did you mean {alike[0]}?" if alike else f"it may say: {', '.join(sorted(words))}"


def _remedy(file: Path) -> str:
    return f"mend {file}: nothing is collected until it can be read" if file.exists() else "name another by --config"


def _counted(sources: tuple[Source, ...]) -> str:
    logs = sum(isinstance(source, CloudWatchSource) for source in sources)
    counts = (("CloudWatch", logs), ("S3", len(sources) - logs))
    kinds = " and ".join(f"{count} of {kind}" for kind, count in counts if count)
    return f"{len(sources)} {'source' if len(sources) == 1 else 'sources'}: {kinds}"
