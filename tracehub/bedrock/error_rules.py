"""The rules by which a tool's output counts as an error, and the file they are read from."""

import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from tracehub.errors import PermanentError

Kind = Literal["json_key", "json_number_at_least", "json_false", "json_equals", "text_prefix", "regex"]

_NEEDS: dict[str, tuple[str, ...]] = {
    "json_key": ("keys",),
    "json_number_at_least": ("keys", "at_least"),
    "json_false": ("keys",),
    "json_equals": ("keys", "values"),
    "text_prefix": ("prefixes",),
    "regex": ("pattern",),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "json_number_at_least": ("below",),
    "text_prefix": ("unless",),
    "regex": ("max_length",),
}
_LONGEST_TEXT = 4096


class ErrorRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One sign that a tool failed; `name` becomes the error's type, `check` tells people what to check then.

    `json_key`: an object has one of `keys` with a value that says something. `json_number_at_least`: the number (or
    numeric text) at one of `keys` is `at_least` or more and `below` its bound. `json_false`: one of `keys` is false.
    `json_equals`: one of `keys` has one of `values`. `text_prefix`: the text starts with one of `prefixes` as a whole
    word and with none of `unless` (likewise, in any case). `regex`: `pattern` matches at the start of the text, of
    which it sees the first `max_length` characters.
    """

    name: str
    kind: Kind
    check: str | None = None
    keys: tuple[str, ...] = ()
    at_least: float | None = None
    below: float | None = None
    values: tuple[str | int | bool, ...] = ()
    prefixes: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    pattern: str | None = None
    max_length: int = 1000


class _File(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[msgspec.Raw]
    about: str | None = None


def load_rules(path: Path | None) -> tuple[ErrorRule, ...]:
    """The rules of the file, or tracehub's own; PermanentError names every mistake with its line and field."""
    name = str(path) if path else "tool_error_rules.json"
    try:
        source = path.read_bytes() if path else files(__package__).joinpath(name).read_bytes()
    except OSError as error:
        msg = f"tool error rules: {name} cannot be read: {error.strerror or error}"
        raise PermanentError(msg) from error
    try:
        items = msgspec.json.decode(source, type=_File).rules
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"tool error rules: {name}{_where(source, error)}: {error}"
        raise PermanentError(msg) from error
    rules, mistakes = _read(source, items)
    if mistakes:
        msg = f"tool error rules: {name}: " + "; ".join(mistakes)
        raise PermanentError(msg)
    return tuple(rules)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression, compiled once; a dot matches newlines too."""
    return re.compile(pattern, re.DOTALL)


def _read(source: bytes, items: list[msgspec.Raw]) -> tuple[list[ErrorRule], list[str]]:
    rules: list[ErrorRule] = []
    mistakes: list[str] = []
    names: set[str] = set()
    offset = 0
    for item in items:
        piece = bytes(item)
        offset = source.index(piece, offset)
        line = f"line {_line(source, offset)}"
        offset += len(piece)
        try:
            rule = msgspec.json.decode(piece, type=ErrorRule)
        except msgspec.DecodeError as error:
            mistakes.append(f"{line}: {error}")
            continue
        mistakes += [f"{line}: rule `{rule.name}`: {mistake}" for mistake in _mistakes(rule)]
        if rule.name in names:
            mistakes.append(f"{line}: rule `{rule.name}`: `name` is used twice")
        names.add(rule.name)
        rules.append(rule)
    return rules, mistakes


def _mistakes(rule: ErrorRule) -> list[str]:
    given = msgspec.structs.asdict(rule)
    needed, allowed = _NEEDS[rule.kind], (*_NEEDS[rule.kind], *_OPTIONAL.get(rule.kind, ()))
    found = [f"`{field}` is missing" for field in needed if given[field] in ((), None, "")]
    for field in msgspec.structs.fields(rule):
        if field.name not in ("name", "kind", "check", *allowed) and given[field.name] != field.default:
            found.append(f"`{field.name}` has no meaning for kind {rule.kind}")
    if not rule.name.strip():
        found.append("`name` is empty")
    found += [f"`{field}` holds an empty text" for field in ("keys", "prefixes", "unless") if "" in given[field]]
    if not 1 <= rule.max_length <= _LONGEST_TEXT:
        found.append(f"`max_length` is not between 1 and {_LONGEST_TEXT}")
    if rule.pattern:
        try:
            compiled(rule.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            found.append(f"`pattern` is no regular expression: {error}")
    return found


def _where(source: bytes, error: Exception) -> str:
    """The line of a JSON syntax error, of which msgspec tells the byte."""
    position = re.search(r"\(byte (\d+)\)", str(error))
    return f" line {_line(source, int(position[1]))}" if position else ""


def _line(source: bytes, offset: int) -> int:
    return source.count(b"\n", 0, offset) + 1
