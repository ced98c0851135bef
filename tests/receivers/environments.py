"""Environments of real receivers: each has one of its own, of exact versions, made where it is missing or other."""

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_FOLDER = CHECKOUT / ".receivers"


class UnavailableError(Exception):
    """The receiver cannot be installed here."""


def programs_of(receiver: str) -> Path:
    """The folder of the programs that requirements/receivers-NAME.txt asks for; UnavailableError where pip fails."""
    wanted = (CHECKOUT / "requirements" / f"receivers-{receiver}.txt").read_text(encoding="utf-8")
    folder = _FOLDER / receiver
    # Written last, so that what was left half made is made anew.
    made_of = folder / "made-of.txt"
    if not made_of.is_file() or made_of.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder, receiver)
        made_of.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def _make(folder: Path, receiver: str) -> None:
    asked = CHECKOUT / "requirements" / f"receivers-{receiver}.txt"
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    _run([*pip, "-r", str(asked)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        msg = f"{' '.join(command)} failed: {done.stderr[-2000:]}"
        raise UnavailableError(msg)
