"""Starts a server of others, waits until it answers, and ends it with all that it started."""

import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

START_SECONDS = 240
_END_SECONDS = 20


@contextmanager
def running(command: Sequence[str], folder: Path, answers: str, **environment: str) -> Iterator[None]:
    """Runs the command in this folder, which keeps its log, from when `answers` does until the end."""
    log = folder / f"{Path(command[0]).name}.log"
    process = _started(command, folder, log, os.environ | environment)
    try:
        _await(answers, process, log)
        yield
    finally:
        _end(process)


def free_port() -> int:
    """A port that nobody listened to a moment ago, below those that the system gives away itself: slow servers bind it
    long after this."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def _started(
    command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    # A session of its own, so that its workers end with it.
    with log.open("ab") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=folder, start_new_session=True)


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.2)
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    msg = f"{url} did not answer (exit code {process.poll()}): {said}"
    raise RuntimeError(msg)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_END_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
