"""One moto server for all processes of a test run, or for one benchmark.

Whoever uses it holds a shared lock on a file, which the kernel takes back from whoever dies; the server waits to own
that file alone and then ends, so nothing is left behind even by a killed run. Its users never reset it: they use names
of their own.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_CHECKOUT = Path(__file__).resolve().parent.parent.parent
_START_SECONDS = 60.0


@contextmanager
def moto() -> Iterator[str]:
    """The address of this run's server, `http://127.0.0.1:…`, started by whoever asks first."""
    folder = _run_folder()
    with _used(folder):
        yield _address(folder)


def _run_folder() -> Path:
    """The same in all workers of a run of pytest-xdist, else of this process alone."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"process-{os.getpid()}"
    return Path(tempfile.gettempdir()) / f"tracehub-moto-{os.getuid()}-{run}"


@contextmanager
def _used(folder: Path) -> Iterator[None]:
    """Keeps the server up meanwhile. One that is ending takes the folder with it, then another one is made."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            users = (folder / "users").open("a", encoding="utf-8")
        except FileNotFoundError:
            continue
        with users:
            fcntl.flock(users, fcntl.LOCK_SH)
            if _is_still(users, folder / "users"):
                yield
                return


def _is_still(opened: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _address(folder: Path) -> str:
    with (folder / "starting").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        port = folder / "port"
        if not port.exists():
            _start(folder)
        deadline = time.monotonic() + _START_SECONDS
        while not port.exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"moto did not start:\n{(folder / 'log').read_text(encoding='utf-8')}")
            time.sleep(0.02)
        return f"http://127.0.0.1:{port.read_text(encoding='utf-8')}"


def _start(folder: Path) -> None:
    with (folder / "log").open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, "-m", "tests.aws.moto_server", str(folder)],
            cwd=_CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=True,
        )


def _serve(folder: Path) -> None:
    """In a process of its own, that is nobody's child: whoever started it may end before the others."""
    if os.fork():
        return
    os.setsid()
    # Here, because it takes a second, and those who only ask for the address do without.
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = folder / "port.new"
    port.write_text(str(server.get_host_and_port()[1]), encoding="utf-8")
    port.rename(folder / "port")
    with (folder / "users").open("a", encoding="utf-8") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        over = folder.with_name(f"{folder.name}-over")
        folder.rename(over)
        shutil.rmtree(over, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
