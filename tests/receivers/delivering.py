"""Lets a real `tracehub serve` deliver all that it holds to a real receiver, as its configuration file says."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bedrock.decoding import decoded
from tests.receivers.processes import free_port, running
from tests.stores import KNOWLEDGE, migrated, store
from tests.traffic import demo_events
from tracehub.analytics import content
from tracehub.configuration import read_configuration
from tracehub.model.export_rows import ENDED, DestinationRow, ExportRow, ExportState
from tracehub.model.listing import Filter
from tracehub.model.trace import Trace
from tracehub.pipeline.resending import resend_matching
from tracehub.store import destinations, export_outbox, traces
from tracehub.store.database import Database, parse_url

NAME = "receiver"
DEMO_SESSIONS = 40
PATIENCE = 300
_ALL = 10_000
_TRACEHUB = [sys.executable, "-m", "tracehub"]


class Held:
    """A database with the traces that are to go to the destination of the file beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "tracehub.toml"
        self._url = f"sqlite:///{folder / 'tracehub.db'}"
        [self.destination] = read_configuration(self._config).destinations
        self.traces: tuple[Trace, ...] = ()

    def fill(self, corpus: Path | None) -> None:
        """Stores the demo's sessions and the captures, as they would come in."""
        with migrated(self._url) as database:
            with database.writing() as connection:
                destinations.declare(connection, self.destination, declared_in="file", now=1)
            store(database, demo_events(DEMO_SESSIONS))
            for file in sorted(corpus.iterdir()) if corpus else ():
                store(database, decoded(file.read_bytes()).events)
            self.traces = traces_of(database)

    def deliver(self) -> dict[str, ExportRow]:
        """Serves until nothing waits any more; what became of each trace."""
        port = free_port()
        command = [*_TRACEHUB, "serve", "--no-collect", "--port", str(port)]
        with running(command, self._folder, f"http://127.0.0.1:{port}/health", **self._environment()):
            return self._delivered()

    def check(self) -> str:
        """What `tracehub export check` says; it fails where the test trace was not taken."""
        command = [*_TRACEHUB, "export", "check", NAME]
        environment = os.environ | self._environment()
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    def send_again(self) -> None:
        """Puts every trace into the outbox once more."""
        database = Database(parse_url(self._url))
        try:
            resend_matching(database, NAME, Filter(), tell=lambda _: None)
        finally:
            database.close()

    def standing(self) -> DestinationRow:
        """How the destination is doing."""
        database = Database(parse_url(self._url), owned=False)
        try:
            with database.reading() as connection:
                return destinations.one(connection, NAME)
        finally:
            database.close()

    def _environment(self) -> dict[str, str]:
        return {
            "TRACEHUB_DATABASE_URL": self._url,
            "TRACEHUB_CONFIG_FILE": str(self._config),
            "TRACEHUB_ALLOWED_NETWORKS": "127.0.0.0/8",
            "TRACEHUB_LOG_LEVEL": "WARNING",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def _delivered(self) -> dict[str, ExportRow]:
        database = Database(parse_url(self._url), owned=False)
        deadline = time.monotonic() + PATIENCE
        try:
            while True:
                found = self._rows(database)
                if all(row.state in ENDED for row in found.values()):
                    return found
                with database.reading() as connection:
                    stands = destinations.one(connection, NAME)
                assert stands.stopped_reason is None, stands.stopped_reason
                assert time.monotonic() < deadline, f"waited in vain: {stands.last_error}"
                time.sleep(0.2)
        finally:
            database.close()

    def _rows(self, database: Database) -> dict[str, ExportRow]:
        with database.reading() as connection:
            return {
                trace.trace_id: row
                for trace in self.traces
                for row in export_outbox.of_trace(connection, trace.trace_id)
            }


def held(folder: Path, corpus: Path | None, **settings: object) -> Held:
    """The demo and the captures in this folder, for a destination with these settings that waits for nothing."""
    declared = {"name": NAME, "settle_seconds": 0, "hold_minutes": 0, "content": "full", **settings}
    lines = [f"{name} = {_toml(value)}" for name, value in declared.items()]
    (folder / "tracehub.toml").write_text("\n".join(["[[destinations]]", *lines, ""]), encoding="utf-8")
    found = Held(folder)
    found.fill(corpus)
    return found


def traces_of(database: Database) -> tuple[Trace, ...]:
    """All that is stored, whole."""
    with database.reading() as connection:
        listed = traces.page(connection, Filter(), limit=_ALL).rows
        return tuple(content.trace(connection, row.trace_id, KNOWLEDGE) for row in listed)


def assert_delivered(rows: dict[str, ExportRow], traces: Sequence[Trace]) -> None:
    """Every trace was taken whole."""
    assert {row.trace_id: (row.state, row.last_error) for row in rows.values()} == {
        trace.trace_id: (ExportState.DELIVERED, None) for trace in traces
    }


def _toml(value: object) -> str:
    # JSON's texts, numbers, lists and truth values are TOML's too.
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
