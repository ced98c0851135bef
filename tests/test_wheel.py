"""The wheel works by itself: installed in an empty environment, tracehub runs far from the checkout."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

pytestmark = pytest.mark.xdist_group("wheel")  # one worker builds and installs for all of them
START_LIMIT = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(CHECKOUT), cwd=folder)
    (built,) = folder.glob("tracehub-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `tracehub` command of an environment that holds the wheel and what it asks for."""
    environment = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment), cwd=environment)
    lock = CHECKOUT / "requirements" / "dev.txt"
    pip = (sys.executable, "-m", "pip", "--python", str(environment), "--disable-pip-version-check", "--quiet")
    # Compiling all that is installed takes longer than installing it; most of it is never imported.
    _run(*pip, "install", "--no-compile", "-c", str(lock), str(wheel), cwd=environment)
    return environment / "bin" / "tracehub"


@pytest.mark.parametrize("folder", ["templates", "migrations"])
def test_the_wheel_carries_every_file(wheel: Path, folder: str) -> None:
    tracked = _run("git", "ls-files", folder, cwd=CHECKOUT).split()
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    assert tracked
    assert {f"tracehub/_{name}" for name in tracked} - carried == set()


def test_an_installed_tracehub_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert _run(str(installed), "--version", cwd=tmp_path).startswith("tracehub 0.")


def test_an_installed_tracehub_serves_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    port = _free_port()
    log = tmp_path / "log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [installed, "serve", "--port", str(port)], cwd=tmp_path, env=_environment(), stdout=stream, stderr=stream
        )
    try:
        answers = [_status(f"http://127.0.0.1:{port}{path}", server) for path in ("/healthz", "/readyz", "/")]
        assert answers == [200, 200, 200], log.read_text()
    finally:
        server.terminate()
        server.wait(30)


def _run(*command: str, cwd: Path) -> str:
    result = subprocess.run(command, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
    return result.stdout


def _environment() -> dict[str, str]:
    """Nothing of ours: the command must find its database and its code by itself."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("TRACEHUB_") and name != "PYTHONPATH"
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _status(url: str, server: subprocess.Popen[bytes]) -> int | None:
    """The status of the first answer, None where the server ends or stays silent."""
    until = time.monotonic() + START_LIMIT
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    return None
