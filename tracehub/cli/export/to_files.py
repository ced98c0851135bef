"""Writes stored traces as files: each appears whole or not at all, under a name that no trace chose."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import PermanentError
from tracehub.exporters.files import otlp_json_line
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Terms
from tracehub.model.listing import Filter
from tracehub.pipeline.export_links import Linking
from tracehub.store import traces
from tracehub.web.twins import span_columns
from tracehub.web.twins.parquet import parquet, require_pyarrow
from tracehub.web.twins.values import Value
from tracehub.web.twins.walking import Reading, every_span, every_trace

TRACES, EVENTS, SPANS = "traces.jsonl", "events.jsonl", "spans.parquet"
_MOST_REASONS = 20


class Written(msgspec.Struct):
    """How much was written, and why traces are missing from `traces.jsonl` (the first of them)."""

    traces: int = 0
    spans: int = 0
    events: int = 0
    left_out: list[str] = []


def write_files(reading: Reading, knowledge: Knowledge, filter: Filter, terms: Terms, folder: Path) -> Written:
    """Writes the matching traces, the latest first: OTLP JSON (a trace a line), their raw events (one a line, as
    `tracehub import` reads them) and their spans as Parquet. Files of these names are replaced."""
    require_pyarrow()
    done = Written()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            _replacing(folder / TRACES) as told,
            _replacing(folder / EVENTS) as raw,
            _replacing(folder / SPANS) as rows,
        ):
            _write_traces(reading, knowledge, filter, terms, told, raw, done)
            for piece in parquet(span_columns.COLUMNS, _counted(reading, filter, done)):
                rows.write(piece)
    except OSError as error:
        msg = f"cannot write to {folder}: {error.strerror or error}"
        raise PermanentError(msg) from error
    return done


def _write_traces(
    reading: Reading,
    knowledge: Knowledge,
    filter: Filter,
    terms: Terms,
    told: BinaryIO,
    raw: BinaryIO,
    done: Written,
) -> None:
    linking = Linking(terms, knowledge)
    for found in every_trace(reading, filter):
        ids = [row.trace_id for row in found]
        with reading() as connection:
            received, before = traces.received(connection, ids), traces.turns_before(connection, ids)
        for row in found:
            with reading() as connection:
                trace = content.trace(connection, row.trace_id, knowledge)
                links = linking.links_of(connection, trace, before.get(row.trace_id))
                done.events += _write_lines(raw, content.events(connection, row.trace_id))
            done.traces += 1
            try:
                spans = resource_spans(trace, terms, links, received_at=received.get(row.trace_id))
                told.write(otlp_json_line(spans))
            except PermanentError as error:
                if len(done.left_out) < _MOST_REASONS:
                    done.left_out.append(str(error))


def _write_lines(out: BinaryIO, lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        out.write(line + b"\n")
        count += 1
    return count


def _counted(reading: Reading, filter: Filter, done: Written) -> Iterator[tuple[Value, ...]]:
    for trace, span in every_span(reading, filter, ()):
        done.spans += 1
        yield span_columns.values_of(trace, span)


@contextmanager
def _replacing(file: Path) -> Iterator[BinaryIO]:
    """A file beside `file` that takes its place when all is written, and is gone where that failed."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with beside.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
