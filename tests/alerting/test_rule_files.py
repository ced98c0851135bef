"""Files of rules and of their tests: every mistake has its line, and tests say what differs."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import CHECKOUT
from tracehub.alerting.rule_files import read_all, read_rules, write_rules
from tracehub.alerting.suggested import SUGGESTED
from tracehub.alerting.yaml_lines import FileError
from tracehub.cli.commands import build_commands
from tracehub.errors import PermanentError

FILES = CHECKOUT / "tests" / "alerting" / "files"


def said(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of `tracehub rules`."""
    done = CliRunner().invoke(build_commands(), ["rules", *arguments])
    return done.exit_code, done.output.replace(f"{FILES}/", "")


def test_every_mistake_of_a_file_is_named_with_its_line_and_field() -> None:
    golden = (FILES / "mistaken.txt").read_text(encoding="utf-8")
    assert said("check", str(FILES / "mistaken.yaml")) == (1, golden)


def test_a_file_without_mistakes_is_said_to_be_one() -> None:
    assert said("check", str(FILES / "rules.yaml")) == (0, "rules.yaml: 4 rules, no mistakes\n")


def test_rules_are_read_from_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(write_rules(SUGGESTED), encoding="utf-8")
    assert read_rules(file).rules == SUGGESTED


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rules:\n  - name: [", "rules.yaml:2: it is no YAML: "),
        ("", "rules.yaml:1: the file begins with `rules:` and a list of rules"),
        ("rules: 3", "rules.yaml:1: rules: a list of rules is expected here, not 3"),
        ("a: &x [1]\nrules: *x", "rules.yaml:1: aliases are not read: write it out"),
        ("rules:\n  - !!python/object:os.system {}", "rules.yaml:2: rule 1: "),
        ("rules:\n  - {name: x, measure: 2026-99-99}", "rules.yaml:1: it is no YAML: "),
        ("{" * 1000, "rules.yaml:1: it is no YAML"),
    ],
)
def test_what_is_no_file_of_rules_is_refused(tmp_path: Path, written: str, expected: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(FileError) as raised:
        read_rules(file)
    assert expected in str(raised.value).replace(f"{tmp_path}/", "")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(b"rules: \xff")
    with pytest.raises(FileError, match="it is no UTF-8"):
        read_rules(file)


def test_two_files_cannot_have_a_rule_of_one_name(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("rules:\n  - {name: A tool fails, measure: reprompts, above: 5%}", encoding="utf-8")
    with pytest.raises(PermanentError, match="both have a rule 'A tool fails'"):
        read_all([FILES / "rules.yaml", other])


def test_tests_of_rules_pass() -> None:
    assert said("test", str(FILES / "tests.yaml")) == (0, "tests.yaml: 2 tests, all as expected\n")


def test_tests_of_rules_say_what_differs(tmp_path: Path) -> None:
    written = (FILES / "tests.yaml").read_text(encoding="utf-8").replace("[rules.yaml]", f"[{FILES}/rules.yaml]")
    file = tmp_path / "tests.yaml"
    file.write_text(written.replace("rule: Nobody calls", "rule: Somebody calls"), encoding="utf-8")
    code, output = said("test", str(file))
    assert code == 1
    assert output.replace(f"{tmp_path}/", "").splitlines() == [
        "tests.yaml: line 28: silence is told, at 1h30m:",
        "  - Somebody calls {}",
        "  + Nobody calls {}",
        "tests.yaml: 2 tests, 1 failed",
    ]


def test_mistakes_in_tests_are_named_too(tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text(
        "rules: []\ntests:\n  - name: x\n    calls:\n      - {tol: a, every: 0s, error: sometimes}\n"
        "    expect:\n      - {at: 7m, firing: none}\n",
        encoding="utf-8",
    )
    code, output = said("test", str(file))
    assert code == 1
    assert output.replace(f"{tmp_path}/", "").splitlines() == [
        "tests.yaml:5: tests[0].calls[0].error: 'sometimes' is not known here: one of reported or inferred",
        "tests.yaml:5: tests[0].calls[0].every: at least 1s",
        "tests.yaml:5: tests[0].calls[0].tol: 'tol' is not known here: did you mean tool?",
        "tests.yaml:5: tests[0].calls[0]: until is missing",
        "tests.yaml:7: tests[0].expect[0].at: rules are evaluated every five minutes: give a multiple of 5m",
        "tests.yaml:7: tests[0].expect[0].firing: a list is expected here, not 'none'",
    ]


def test_rules_are_applied_listed_and_exported(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEHUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COLUMNS", "200")
    assert said("apply", str(FILES / "rules.yaml")) == (0, "4 rules declared, 0 removed\n")
    code, listed = said("list")
    assert code == 0
    assert all(name in listed for name in ("A tool fails", "Nobody calls", "Slow tools", "Tools burn their budget"))
    code, exported = said("export")
    assert exported == write_rules(sorted(read_rules(FILES / "rules.yaml").rules, key=lambda rule: rule.name))
