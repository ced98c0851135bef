"""Real servers in processes of their own, and what is in their databases."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.browser.hostile import hostile_bodies
from tests.long_sessions import long_session

SESSIONS = 60
UNTIL = "2026-11-20T12:00:00"
LONG = (200, 2000, 5000)
KEY = "a-key-of-sixteen-characters-or-more"
_BROKEN = (
    b'{"trace": {"agentId": "A", "trace": {"orchestrationTrace": {"broken": ',
    b'{"trace": {"agentId": "B", "trace": {"orchestrationTrace": {"rationale": {"text": "\xff\xfe cut',
)


@contextmanager
def serving_long(folder: Path) -> Iterator[str]:
    """Serves sessions of many steps, and pieces in quarantine."""
    data = folder / "long.jsonl"
    with data.open("wb") as out:
        for steps in LONG:
            out.writelines(long_session(f"long-{steps}", steps))
        out.writelines(long_session("inline-1500", 1500, least=15))
    tracehub(folder, "import", str(data))
    with serving(folder) as address:
        for piece in _BROKEN:
            _push(address, piece)
        yield address


@contextmanager
def serving_hostile(folder: Path) -> Iterator[str]:
    """Serves sessions whose every text is hostile; what is too long of it lies in quarantine."""
    with serving(folder) as address:
        for body in hostile_bodies():
            _push(address, body)
        yield address


@contextmanager
def serving_demo(folder: Path) -> Iterator[str]:
    """Serves demo sessions from a database in this folder."""
    data = folder / "demo.jsonl"
    data.write_bytes(tracehub(folder, "demo-data", "--sessions", str(SESSIONS), "--until", UNTIL))
    tracehub(folder, "import", str(data))
    with serving(folder) as address:
        yield address


@contextmanager
def serving(folder: Path, port: int | None = None, **environment: str) -> Iterator[str]:
    """Serves the database in this folder, with more in its environment, until the block ends; on any port, or on this
    one."""
    port = port or _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tracehub", "serve", "--port", str(port)]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=_environment(folder) | environment, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def _push(address: str, body: bytes) -> None:
    with suppress(urllib.error.HTTPError):  # Where nothing in it can be read the status says so.
        urllib.request.urlopen(urllib.request.Request(f"{address}/api/v1/records", body), timeout=30).close()


def tracehub(folder: Path, *words: str) -> bytes:
    """What a command says, over the database in this folder."""
    command = [sys.executable, "-m", "tracehub", *words]
    return subprocess.run(command, env=_environment(folder), cwd=folder, check=True, capture_output=True).stdout


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"TRACEHUB_DATABASE_URL": f"sqlite:///{folder / 'tracehub.db'}"}


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended at once"
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("the server does not answer")
