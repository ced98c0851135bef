"""A real `tracehub serve` to measure against."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

START_LIMIT = 60


@contextmanager
def serving(database_url: str) -> Iterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Starts the server; its address, its process and the seconds until it first answered 200."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tracehub", "serve", "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment(database_url), stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/readyz", process, began)
        yield address, process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)


def environment(database_url: str) -> dict[str, str]:
    """The environment of a tracehub process on this database."""
    return {**os.environ, "TRACEHUB_DATABASE_URL": database_url, "TRACEHUB_LOG_LEVEL": "ERROR"}


def _await(url: str, process: subprocess.Popen[bytes], began: float) -> None:
    while process.poll() is None and time.perf_counter() - began < START_LIMIT:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    msg = f"the server did not answer (exit code {process.poll()})"
    raise RuntimeError(msg)
