"""Phoenix, which takes OTLP, and what stands in its database."""

import json
import sqlite3
import time
import urllib.request
from collections.abc import Iterator, Mapping
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
    SELECT traces.trace_id, span_id, parent_id, name, span_kind, spans.start_time, spans.end_time, status_code,
           status_message, project_sessions.session_id, llm_token_count_prompt, llm_token_count_completion,
           cumulative_llm_token_count_prompt, cumulative_llm_token_count_completion,
           attributes
    FROM spans JOIN traces ON traces.id = trace_rowid
    LEFT JOIN project_sessions ON project_sessions.id = project_session_rowid
    ORDER BY traces.trace_id, span_id
"""
_MARK = "tests.mark"


@dataclass(frozen=True)
class Kept:
    """A span as Phoenix keeps it, by its columns; `attributes` are nested at the dots of their names. The session is
    that of the trace, `all_tokens` are those of the span and all below it."""

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
    tokens: tuple[int | None, int | None]
    all_tokens: tuple[int, int]
    attributes: Mapping[str, Any]


class Phoenix:
    """A running one; `folder` holds its database."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder

    def spans(self) -> list[Kept]:
        """All spans that it took until now."""
        self._write_all()
        return [span for span in self._read() if span.name != _MARK]

    def _write_all(self) -> None:
        """It answers before it writes, and writes in order: waits for a span that comes last."""
        mark = ExportTraceServiceRequest()
        span = mark.resource_spans.add().scope_spans.add().spans.add()
        span.trace_id, span.span_id, span.name = token_bytes(16), token_bytes(8), _MARK
        span.start_time_unix_nano = span.end_time_unix_nano = 1
        headers = {"Content-Type": "application/x-protobuf"}
        request = urllib.request.Request(f"{self.address}/v1/traces", mark.SerializeToString(), headers)
        with urllib.request.urlopen(request, timeout=60):
            pass
        deadline = time.monotonic() + PATIENCE
        while not any(kept.span_id == span.span_id.hex() for kept in self._read()):
            assert time.monotonic() < deadline, "Phoenix does not write"
            time.sleep(0.5)

    def _read(self) -> list[Kept]:
        with closing(sqlite3.connect(f"file:{self.folder / 'phoenix.db'}?mode=ro", uri=True)) as database:
            rows = database.execute(_SPANS).fetchall()
        return [
            Kept(*told, tokens=(read, written), all_tokens=(all_read, all_written), attributes=json.loads(attributes))
            for *told, read, written, all_read, all_written, attributes in rows
        ]


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
    }
    address = f"http://127.0.0.1:{port}"
    with running([str(programs_of("phoenix") / "phoenix"), "serve"], folder, f"{address}/healthz", **environment):
        yield Phoenix(address, folder)
