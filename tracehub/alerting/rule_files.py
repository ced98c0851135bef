"""Rules in files: read with every mistake and its line, and written."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import yaml

from tracehub.alerting.yaml_lines import Document, FileError, Line, read_document
from tracehub.errors import PermanentError
from tracehub.model.rule import Rule
from tracehub.model.rule_values import shown, unknown_word
from tracehub.model.rule_words import Path as Place
from tracehub.model.rule_words import RuleError, place, read_rule, words_of


class RulesFile(msgspec.Struct, frozen=True):
    """A file's rules, in its order."""

    file: str
    rules: tuple[Rule, ...]


def read_rules(file: Path) -> RulesFile:
    """The rules of a YAML file; FileError names line, field and what is wrong of every mistake."""
    document = read_document(file)
    return RulesFile(document.file, rules_in(document))


def rules_in(document: Document) -> tuple[Rule, ...]:
    """The `rules:` of a document; FileError as `read_rules`."""
    mistakes = list(document.mistakes)
    rules = _rules(document, mistakes)
    found: dict[str, int] = {}
    read = []
    for number, words in enumerate(rules):
        try:
            rule = read_rule(words)
        except RuleError as error:
            mistakes += [
                _line(document, ("rules", number, *mistake.path), mistake.text, words) for mistake in error.mistakes
            ]
            continue
        if rule.name in found:
            first = document.line_of(("rules", found[rule.name]))
            mistakes.append(_line(document, ("rules", number, "name"), f"line {first} has a rule of this name", words))
        found.setdefault(rule.name, number)
        read.append(rule)
    if mistakes:
        raise FileError(document.file, mistakes)
    return tuple(read)


def read_all(files: Iterable[Path]) -> tuple[Rule, ...]:
    """The rules of several files; PermanentError with the mistakes of all of them, or where two have one name."""
    read: list[RulesFile] = []
    errors: list[str] = []
    for file in files:
        try:
            read.append(read_rules(file))
        except PermanentError as error:
            errors.append(str(error))
    if errors:
        raise PermanentError("\n".join(errors))
    names: dict[str, str] = {}
    for found in read:
        for rule in found.rules:
            if rule.name in names:
                msg = f"{names[rule.name]} and {found.file} both have a rule {rule.name!r}"
                raise PermanentError(msg)
            names[rule.name] = found.file
    return tuple(rule for found in read for rule in found.rules)


def write_rules(rules: Sequence[Rule]) -> str:
    """A file from which `read_rules` reads these rules."""
    return yaml.safe_dump({"rules": [words_of(rule) for rule in rules]}, sort_keys=False, allow_unicode=True, width=100)


def _rules(document: Document, mistakes: list[Line]) -> list[object]:
    value = document.value
    if not isinstance(value, dict) or "rules" not in value:
        mistakes.append(Line(1, "the file begins with `rules:` and a list of rules"))
        return []
    for name in value:
        if name != "rules":
            mistakes.append(Line(document.line_of((name,)), unknown_word(name, ["rules"])))
    rules = value["rules"]
    if not isinstance(rules, list):
        line = document.line_of(("rules",))
        mistakes.append(Line(line, f"rules: a list of rules is expected here, not {shown(rules)}"))
        return []
    return rules


def _line(document: Document, path: Place, text: str, words: object) -> Line:
    name = words.get("name") if isinstance(words, dict) else None
    field = place(path[2:])
    of = f"rule {name!r}: " if isinstance(name, str) else f"rule {int(path[1]) + 1}: "
    return Line(document.line_of(path), f"{of}{text}" if field == "the rule" else f"{of}{field}: {text}")
