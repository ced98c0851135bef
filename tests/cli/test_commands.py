"""The command line as a person or a script uses it: real processes, real files."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.traffic import demo_events, demo_lines

BROKEN = b'{"agentId": "A", "trace": {"orchestrationTrace": {"rationale": {"text": "cut\n'


def run(
    folder: Path, *words: str, given: bytes | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command in `folder`, with the default database there."""
    result = subprocess.run(
        [sys.executable, "-m", "tracehub", *words],
        cwd=folder,
        env={**_clean(), **(environment or {})},
        input=given,
        stdin=None if given is not None else subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(words, result.returncode, result.stdout.decode(), result.stderr.decode())


def test_import_tells_what_became_of_the_records(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.jsonl").write_bytes(demo_lines(2))
    (tmp_path / "logs" / "b.jsonl.gz").write_bytes(gzip.compress(demo_lines(2)))
    said = json.loads(run(tmp_path, "import", "logs", "--json").stdout)
    assert list(said) == ["records", "events", "traces", "duplicates", "ignored", "quarantined"]
    assert said["events"] == len(demo_events(2)) == said["duplicates"]
    again = run(tmp_path, "import", "-", given=demo_lines(2))
    assert again.returncode == 0
    assert "known already" in again.stdout


def test_import_of_something_broken_exits_with_1_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_bytes(BROKEN + demo_lines(1))
    result = run(tmp_path, "import", "broken.jsonl")
    assert result.returncode == 1
    assert "1 quarantined" in result.stdout
    listed = run(tmp_path, "quarantine", "list", environment={"COLUMNS": "200"}).stdout
    assert "broken.jsonl" in listed
    piece = listed.split("│")[1].strip()
    assert run(tmp_path, "quarantine", "show", piece).stdout.encode() == BROKEN.rstrip(b"\n")
    retried = run(tmp_path, "quarantine", "retry", piece)
    assert (retried.returncode, retried.stdout.strip()) == (1, "0 of 1 could be read now")


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (("import", "nowhere.jsonl"), {}, "no such file or folder"),
        (("serve",), {"TRACEHUB_PORT": "high"}, "TRACEHUB_PORT"),
        (("serve",), {"TRACEHUB_API_KEYS": "short"}, "TRACEHUB_API_KEYS"),
        (("serve", "--host", "0.0.0.0"), {}, "TRACEHUB_API_KEYS"),
        (("reindex",), {"TRACEHUB_DATABASE_URL": "mysql://x/y"}, "only sqlite and postgresql"),
        (("reindex",), {"TRACEHUB_DATABASE_URL": "sqlite:////no/such/folder/x.db"}, "does not exist"),
        (("reindex",), {"TRACEHUB_PRICES_FILE": "missing.json"}, "missing.json"),
    ],
)
def test_mistakes_get_one_clear_line_and_exit_code_2(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    result = run(tmp_path, *words, environment=environment)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_import_goes_through_the_server_that_owns_the_database(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(demo_lines(3))
    with _serving(tmp_path) as address:
        result = run(tmp_path, "import", "a.jsonl")
        assert result.returncode == 0
        assert f"{address}/sessions" in result.stdout
        with urllib.request.urlopen(f"{address}/api/v1/sessions") as answer:
            assert len(json.load(answer)["items"]) == 3
        refused = run(tmp_path, "reindex")
        assert refused.returncode == 2
        assert address in refused.stderr


def test_serve_stops_when_told_and_keeps_what_it_took(tmp_path: Path) -> None:
    with _serving(tmp_path) as address:
        request = urllib.request.Request(f"{address}/api/v1/records", demo_lines(2))
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["events"] == len(demo_events(2))
    assert json.loads(run(tmp_path, "import", "-", "--json", given=demo_lines(2)).stdout)["events"] == 0


def test_reindex_gives_the_same_traces(tmp_path: Path) -> None:
    run(tmp_path, "import", "-", given=demo_lines(3))
    assert "traces rebuilt" in run(tmp_path, "reindex").stdout


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tracehub", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=folder, env=_clean(), stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        assert f"http://127.0.0.1:{port}" in server.stdout.readline().decode()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert server.wait(30) == 0, time.monotonic() - began
        server.stdout.close()


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TRACEHUB_")}
