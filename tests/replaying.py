"""Runs `tracehub replay` for tests: the real command line in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import CHECKOUT

_PATIENCE = 60


@contextmanager
def replaying(
    *recordings: Path | bytes, options: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address at which these recordings (files, or what a file would hold) are served, on a free port.

    Fails where the process says anything but what it left out, or does not end well when it is interrupted.
    """
    with tempfile.TemporaryDirectory(prefix="tracehub-replay-") as folder:
        files = [str(_file(Path(folder), number, each)) for number, each in enumerate(recordings)]
        errors = Path(folder) / "errors.txt"
        with errors.open("wb") as beside:
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "tracehub", "replay", *files, "--port", "0", *options],
                cwd=folder,
                env={**_clean(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=beside,
                text=True,
            )
        try:
            yield _address(process, errors)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=_PATIENCE)
        said = errors.read_text()
        assert (process.returncode, [line for line in said.splitlines() if not line.startswith("tracehub: ")]) == (
            0,
            [],
        )


def _file(folder: Path, number: int, recording: Path | bytes) -> Path:
    if isinstance(recording, Path):
        return recording
    file = folder / f"recording-{number}"
    file.write_bytes(recording)
    return file


def _address(process: subprocess.Popen[str], errors: Path) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r" at (http://\S+) ", line)
    assert found, f"it did not start: {line}{errors.read_text()}"
    return found[1]


def _clean() -> dict[str, str]:
    """The code under test is this checkout's, also where another is the one installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRACEHUB_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(CHECKOUT)}
