"""`make bench-export`, second part: from the store to acknowledged, through the sender itself and through the SDK.

Both read and assemble the same stored traces and translate them alike; the SDK's way then makes ReadableSpans and hands
them to its own exporter over HTTP with gzip, in batches of 512. CPU is that of this process: the receiver is another.
"""

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from benchmarks.report import Report
from benchmarks.sink import sink
from tests.databases import postgresql_server
from tests.stores import KNOWLEDGE, migrated, store
from tests.traffic import demo_events
from tracehub.analytics import content
from tracehub.app import clock
from tracehub.exporters.links import NO_LINKS
from tracehub.exporters.mapping import Translated, resource_spans, span_count, translated
from tracehub.exporters.otel_span import CLIENT
from tracehub.exporters.terms import Content, Terms
from tracehub.model.destination import Destination
from tracehub.model.listing import Filter
from tracehub.outbound import Outbound
from tracehub.pipeline.exporting import Parts, Sender
from tracehub.pipeline.resending import resend_matching
from tracehub.store import destinations, export_outbox, traces
from tracehub.store.database import Database

_BATCH = 512
_SCOPE = InstrumentationScope("tracehub", "1")


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="make bench-export", description=__doc__)
    parser.add_argument("--sessions", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    report = Report(f"from the store to acknowledged ({os.cpu_count()} cores, the fastest of {given.rounds} rounds)")
    with sink() as address, tempfile.TemporaryDirectory() as folder, postgresql_server() as server:
        _measure(report, "SQLite", f"sqlite:///{Path(folder) / 'x.db'}", address, given.sessions, given.rounds)
        _measure(report, "PostgreSQL", server.create_database(), address, given.sessions, given.rounds)
    report.print()


def _measure(report: Report, name: str, url: str, address: str, sessions: int, rounds: int) -> None:
    with migrated(url) as database:
        store(database, demo_events(sessions))
        for kept in (Content.FULL, Content.OFF):
            spans = _spans(database, kept)
            ours = min(_once(_by_tracehub, database, address, kept) for _ in range(rounds))
            sdk = min(_once(_by_sdk, database, address, kept) for _ in range(rounds))
            what = f"{name}, content {kept.value}, {spans:,} spans"
            report.add(f"{what}: SDK, CPU of 10,000 spans", sdk[0] / spans * 10_000, "s")
            report.add(f"{what}: tracehub, CPU of 10,000 spans", ours[0] / spans * 10_000, "s")
            report.add(f"{what}: SDK", spans / sdk[1], "spans/s")
            report.add(f"{what}: tracehub", spans / ours[1], "spans/s", floor=spans / sdk[1])


def _once(
    run: Callable[[Database, str, Content], None], database: Database, address: str, kept: Content
) -> tuple[float, float]:
    """CPU and wall seconds."""
    cpu, wall = time.process_time(), time.monotonic()
    run(database, address, kept)
    return time.process_time() - cpu, time.monotonic() - wall


def _by_tracehub(database: Database, address: str, kept: Content) -> None:
    declared = Destination(name="bench", endpoint=address, content=kept.value, hold_minutes=0, settle_seconds=0)
    with database.writing() as connection:
        destinations.declare(connection, declared, declared_in="file", now=clock())
    resend_matching(database, "bench", Filter(), tell=lambda _: None)
    outbound = Outbound(["127.0.0.0/8"])
    parts = Parts(
        database=database,
        knowledge=KNOWLEDGE,
        outbound=outbound,
        clock=clock,
        seconds=time.monotonic,
        random=random.random,
        environment={},
        unseal=lambda sealed, place: "",
    )
    sender = Sender("bench", parts, threading.Event())
    while True:
        sender.step()
        with database.reading() as connection:
            if not export_outbox.waiting(connection, "bench", limit=1):
                break
    outbound.close()


def _by_sdk(database: Database, address: str, kept: Content) -> None:
    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces", compression=Compression.Gzip)
    waiting: list[ReadableSpan] = []
    terms = Terms(content=kept)
    for trace_id in _ids(database):
        with database.reading() as connection:
            trace = content.trace(connection, trace_id, KNOWLEDGE)
        waiting += _readable(translated(trace, terms, NO_LINKS, received_at=clock()))
        while len(waiting) >= _BATCH:
            assert exporter.export(waiting[:_BATCH]) is SpanExportResult.SUCCESS
            del waiting[:_BATCH]
    assert not waiting or exporter.export(waiting) is SpanExportResult.SUCCESS
    exporter.shutdown()  # type: ignore[no-untyped-call]


def _readable(told: Translated) -> list[ReadableSpan]:
    """As an instrumentation that uses the SDK would hand them over."""
    return [
        ReadableSpan(
            name=span.name,
            context=_context(told.trace_id, span.span_id),
            parent=_context(told.trace_id, span.parent_id) if span.parent_id else None,
            resource=Resource(resource),
            attributes=span.attributes,
            events=[
                Event(each.name, each.attributes, timestamp=(span.ended_at if each.at is None else each.at) * 1000)
                for each in span.events
            ],
            links=[
                Link(_context(each.trace_id or told.trace_id, each.span_id), each.attributes) for each in span.links
            ],
            kind=SpanKind.CLIENT if span.kind == CLIENT else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.failure) if span.failure is not None else Status(),
            start_time=span.started_at * 1000,
            end_time=span.ended_at * 1000,
            instrumentation_scope=_SCOPE,
        )
        for resource, spans in told.resources
        for span in spans
    ]


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), False, TraceFlags(1))


def _ids(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.trace_id for row in traces.page(connection, Filter(), limit=100_000).rows]


def _spans(database: Database, kept: Content) -> int:
    found = 0
    for trace_id in _ids(database):
        with database.reading() as connection:
            trace = content.trace(connection, trace_id, KNOWLEDGE)
        found += span_count(resource_spans(trace, Terms(content=kept), received_at=clock()))
    return found


if __name__ == "__main__":
    main()
