"""Reads YAML with the line of every value, so that a mistake can be named where it stands."""

from pathlib import Path

import msgspec
import yaml

from tracehub.errors import PermanentError
from tracehub.model.rule_words import Path as Place

LONGEST_BYTES = 1024 * 1024
_DEEPEST = 20


class Line(msgspec.Struct, frozen=True, order=True):
    """What is wrong in a line of a file."""

    number: int
    text: str


class FileError(PermanentError):
    """A file cannot be used; `lines` are all mistakes in it."""

    def __init__(self, file: str, lines: list[Line]) -> None:
        self.lines = tuple(sorted(set(lines)))
        super().__init__("\n".join(f"{file}:{line.number}: {line.text}" for line in self.lines))


class Document(msgspec.Struct, frozen=True):
    """The value of a file, and the line in which each of its parts begins, by the keys and places that lead there.

    `mistakes` are those of its form, such as a key that stands there twice: the first counts.
    """

    file: str
    value: object
    lines: dict[Place, int]
    mistakes: tuple[Line, ...] = ()

    def line_of(self, place: Place) -> int:
        """The line of a part, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_document(file: Path) -> Document:
    """The document in a file; FileError where it cannot be read or is no YAML."""
    try:
        written = file.read_bytes()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}"
        raise PermanentError(msg) from error
    return parse_document(written, str(file))


def parse_document(written: bytes, file: str) -> Document:
    """The document of these bytes; `file` is what it is called."""
    if len(written) > LONGEST_BYTES:
        msg = f"{file} is larger than {LONGEST_BYTES:,} bytes"
        raise PermanentError(msg)
    reading = _Reading(file)
    try:
        loader = yaml.SafeLoader(written.decode("utf-8"))
        node = loader.get_single_node()
        value = None if node is None else reading.value(loader, node, ())
    except UnicodeDecodeError as error:
        raise FileError(file, [Line(1, f"it is no UTF-8: {error.reason}")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(file, [Line(mark.line + 1 if mark else 1, f"it is no YAML: {error.problem}")]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FileError(file, [Line(1, f"it is no YAML: {error}")]) from error
    return Document(file, value, reading.lines, tuple(reading.mistakes))


class _Reading:
    """Goes through the nodes of a document once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self.mistakes: list[Line] = []
        self._seen: set[int] = set()

    def value(self, loader: yaml.SafeLoader, node: yaml.Node, place: Place) -> object:
        """What a node says. Parts that stand in several places are refused: their sizes can multiply."""
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if id(node) in self._seen:
            self.mistakes.append(Line(line, "aliases are not read: write it out"))
            return None
        self._seen.add(id(node))
        if len(place) > _DEEPEST:
            self.mistakes.append(Line(line, "too deep"))
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.value(loader, each, (*place, number)) for number, each in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, place)
        return loader.construct_object(node, deep=True)

    def _mapping(self, loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Line(line, "a name is expected here"))
                continue
            # `on` and `yes` are names here, whatever YAML 1.1 makes of them.
            key = str(key_node.value)
            if key in found:
                self.mistakes.append(Line(line, f"{key} stands here twice"))
                continue
            self.lines[*place, key] = line
            found[key] = self.value(loader, value_node, (*place, key))
        return found
