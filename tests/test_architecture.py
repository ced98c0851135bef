"""The rules of the house that a machine can check and import-linter does not."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

_HOMELESS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
_UNSAFE_IN_TEMPLATES = re.compile(
    r"""\sstyle\s*=|\son(?!ly\b)\w+\s*=|\|\s*safe\b|\bhx-on\b|<style\b|<script\b(?![^>]*\bsrc=)""", re.I
)


def test_every_module_says_what_it_is_for_in_its_first_line() -> None:
    silent = [
        name for name, tree, _ in _modules("tracehub", "tests", "benchmarks", "migrations") if not _first_line(tree)
    ]
    assert silent == []


def test_no_module_is_a_place_for_things_without_a_home() -> None:
    names = [path for path in _files("*.py") if _HOMELESS & set(Path(path).with_suffix("").parts)]
    assert names == []


def test_no_untyped_documents_above_bedrock() -> None:
    found = [
        name
        for name, _, source in _modules("tracehub")
        if not name.startswith(("tracehub/bedrock/", "tracehub/demo/", "tracehub/recorder.py"))
        and "dict[str, Any]" in source
    ]
    assert found == []


def test_catching_everything_gives_its_reason() -> None:
    unexplained = [
        f"{name}:{number}"
        for name, _, source in _modules("tracehub")
        for number, line in enumerate(source.splitlines(), 1)
        if re.search(r"except( Exception| BaseException)?( as \w+)?:", line)
        and "#" not in line
        and not _raises(source, number)
    ]
    assert unexplained == []


def test_only_the_store_writes_sql() -> None:
    """Above it a connection is passed on, and SQLAlchemy's errors may be caught."""
    allowed = {"sqlalchemy": {"Connection"}, "sqlalchemy.exc": None}
    found = [
        f"{name}: from {node.module} import {alias.name}"
        for name, tree, _ in _modules("tracehub")
        if not name.startswith("tracehub/store/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
        if node.module not in allowed or alias.name not in (allowed[node.module] or {alias.name})
    ]
    assert found == []


def test_nothing_inside_the_store_commits() -> None:
    found = [name for name, _, source in _modules("tracehub/store") if ".commit()" in source]
    assert found == []


def test_templates_hold_no_inline_script_or_style_and_escape_everything() -> None:
    found = [
        f"{path}: {match.group().strip()}"
        for path in _files("templates")
        if not path.startswith("templates/static/")
        for match in _UNSAFE_IN_TEMPLATES.finditer((CHECKOUT / path).read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "unsafe",
    ['<p style="x">', "<p onclick=x>", "{{ x | safe }}", "{{ x|safe }}", "<p hx-on:click=x>", "<style>", "<script>1"],
)
def test_the_check_of_templates_finds(unsafe: str) -> None:
    assert _UNSAFE_IN_TEMPLATES.search(unsafe)


def _modules(*folders: str) -> Iterator[tuple[str, ast.Module, str]]:
    for path in _files("*.py"):
        if path.startswith(tuple(f"{folder}/" for folder in folders)):
            source = (CHECKOUT / path).read_text(encoding="utf-8")
            yield path, ast.parse(source), source


def _files(pattern: str) -> list[str]:
    """Every file that git knows or would take, and that is there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", pattern]
    listed = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(path for path in listed if path and (CHECKOUT / path).is_file())


def _first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").partition("\n")[0].strip()


def _raises(source: str, number: int) -> bool:
    """Whether the handler in this line passes the exception on."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and node.lineno == number:
            return any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)
    return False
