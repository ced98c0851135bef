"""A server that is killed anywhere while it exports has lost nothing, and has sent hardly anything twice."""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.exporters.receiver import TAKEN, Answer, Receiver, Request, SpanId, receiving, refusing
from tests.exporting import NAME, exported_ids, place, rows, standing
from tests.stores import migrated, store
from tests.torture import KILLS
from tests.traffic import demo_events
from tracehub.configuration import read_configuration
from tracehub.model.export_rows import ExportState
from tracehub.store import destinations
from tracehub.store.database import Database

SESSIONS = 40 + 5 * KILLS
MOST_BYTES = 15_000
PATIENCE = 180


def test_kill_9_while_exporting(database_url: str, tmp_path: Path) -> None:
    """Under faults: requests that are refused, whose answer is lost, or that are too large; on PostgreSQL a second
    server works beside the one that is killed."""
    chance = random.Random(9)
    with receiving() as receiver, migrated(database_url) as database:
        config = _config(tmp_path, receiver)
        _fill(database, config)
        wanted = exported_ids(database, place(receiver))
        receiver.answers = faults = _Faults(random.Random(5))
        if database.is_sqlite:
            database.close()
        with _second(database_url, config):
            for _ in range(KILLS):
                begun = len(receiver.requests)
                process = _serve(database_url, config)
                _wait(receiver, partial(_goes_on, receiver, begun, wanted), "a first request")
                time.sleep(chance.uniform(0, 0.4))
                process.kill()
                process.wait()
        last = _serve(database_url, config)
        try:
            _wait(receiver, lambda: _all_taken(receiver, wanted), "the last span")
            reading = Database(database.url, owned=False)
            _wait(receiver, lambda: _nothing_waits(reading), "the end of the outbox")
            found, row = rows(reading), standing(reading)
            reading.close()
        finally:
            last.kill()
            last.wait()
    assert set(receiver.taken) == wanted
    assert {each.state for each in found.values()} == {ExportState.DELIVERED}
    assert (row.delivered_traces, row.delivered_spans) == (len(found), len(wanted))
    twice = sum(receiver.taken.values()) - len(wanted)
    # Every kill and every lost answer costs at most the request that was under way.
    assert twice <= faults.lost_spans + (KILLS + 1) * faults.largest


class _Faults:
    """Of the requests one in ten is refused, and of one in ten the answer is lost; some take their time."""

    def __init__(self, chance: random.Random) -> None:
        self.lost_spans = 0
        self.largest = 0
        self._chance = chance
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        if len(request.body) > MOST_BYTES:
            return refusing(413)
        with self._lock:
            self.largest = max(self.largest, len(request.spans))
            drawn = self._chance.random()
            if drawn < 0.1:
                return refusing(503, retry_after="0")
            if drawn < 0.2:
                self.lost_spans += len(request.spans)
                return Answer(hangs_up=True)
        return Answer(wait_seconds=0.02) if drawn < 0.9 else TAKEN


def _fill(database: Database, config: Path) -> None:
    [declared] = read_configuration(config).destinations
    assert declared.name == NAME
    with database.writing() as connection:
        destinations.declare(connection, declared, declared_in="file", now=1)
    store(database, demo_events(SESSIONS))


def _config(folder: Path, receiver: Receiver) -> Path:
    file = folder / "tracehub.toml"
    file.write_text(
        f"""
        [[destinations]]
        name = "{NAME}"
        endpoint = "{receiver.address}"
        settle_seconds = 0
        hold_minutes = 0
        timeout_seconds = 0.5
        """
    )
    return file


def _serve(url: str, config: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "TRACEHUB_DATABASE_URL": url,
        "TRACEHUB_CONFIG_FILE": str(config),
        "TRACEHUB_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TRACEHUB_LEASE_SECONDS": "1",
        "TRACEHUB_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "tracehub", "serve", "--no-collect", "--port", str(_free_port())]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=config.parent)


@contextmanager
def _second(url: str, config: Path) -> Iterator[None]:
    """SQLite belongs to one process."""
    if url.startswith("sqlite"):
        yield
        return
    process = _serve(url, config)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _goes_on(receiver: Receiver, begun: int, wanted: set[SpanId]) -> bool:
    return len(receiver.requests) > begun or _all_taken(receiver, wanted)


def _all_taken(receiver: Receiver, wanted: set[SpanId]) -> bool:
    return len(receiver.taken) >= len(wanted)


def _nothing_waits(database: Database) -> bool:
    return all(row.state is ExportState.DELIVERED for row in rows(database).values())


def _wait(receiver: Receiver, true: Callable[[], bool], what: str) -> None:
    """Returns as soon as it is so; fails where nothing comes to the receiver any more."""
    seen, end = -1, 0.0
    while not true():
        if len(receiver.requests) > seen:
            seen, end = len(receiver.requests), time.monotonic() + PATIENCE
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.01)
