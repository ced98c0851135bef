"""Phoenix, which takes OTLP, and what stands in its database."""

import json
import sqlite3
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.receivers.environments import programs_of
from tests.receivers.processes import free_port, running

PATIENCE = 120
_SPANS = """
    SELECT traces.trace_id, span_id, parent_id, name, span_kind AS kind, spans.start_time AS started,
           spans.end_time AS ended, status_code AS status, status_message AS said,
           project_sessions.session_id AS session, cumulative_llm_token_count_prompt AS all_read,
           cumulative_llm_token_count_completion AS all_written, attributes
    FROM spans JOIN traces ON traces.id = trace_rowid
    LEFT JOIN project_sessions ON project_sessions.id = project_session_rowid
    ORDER BY traces.trace_id, span_id
"""
_MARK = "tests.mark"
# Requests overtake each other between its answer and its queue.
_MARKS = 3


@dataclass(frozen=True)
class Kept:
    """A span as Phoenix keeps it, by its columns; `attributes` are nested at the dots of their names. The session is
    that of the trace, `all_read` and `all_written` are the tokens of the span and of all below it."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    started: str
    ended: str
    status: str
    said: str
    session: str | None
    all_read: int
    all_written: int
    attributes: Mapping[str, Any]


class Phoenix:
    """A running one with its database."""

    def __init__(self, address: str, database: Path) -> None:
        self.address = address
        self.database = database

    def spans(self, *, at_least: int) -> list[Kept]:
        """All spans that it took until now, which are so many or more."""
        self._await(lambda kept: len(kept) >= at_least)
        for _ in range(_MARKS):
            self._write_mark()
        return [span for span in self._read() if span.name != _MARK]

    def _write_mark(self) -> None:
        """It answers before it writes: waits until a span that was sent last is there."""
        mark = ExportTraceServiceRequest()
        span = mark.resource_spans.add().scope_spans.add().spans.add()
        span.trace_id, span.span_id, span.name = token_bytes(16), token_bytes(8), _MARK
        span.start_time_unix_nano = span.end_time_unix_nano = 1
        headers = {"Content-Type": "application/x-protobuf"}
        request = urllib.request.Request(f"{self.address}/v1/traces", mark.SerializeToString(), headers)
        with urllib.request.urlopen(request, timeout=60):
            pass
        self._await(lambda kept: any(each.span_id == span.span_id.hex() for each in kept))

    def _await(self, true: Callable[[list[Kept]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true(self._read()):
            assert time.monotonic() < deadline, f"Phoenix wrote {len(self._read())} spans and no more"
            time.sleep(0.5)

    def _read(self) -> list[Kept]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute(_SPANS)]
        return [Kept(**row | {"attributes": json.loads(row["attributes"])}) for row in rows]


@contextmanager
def serving(folder: Path) -> Iterator[Phoenix]:
    """One with an empty database in this folder."""
    port, grpc = free_port(), free_port()
    environment = {
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    address = f"http://127.0.0.1:{port}"
    with running([str(programs_of("phoenix") / "phoenix"), "serve"], folder, f"{address}/healthz", **environment):
        yield Phoenix(address, folder / "phoenix.db")
