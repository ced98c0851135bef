"""`make bench-export`: traces to OTLP's bytes, beside OpenTelemetry's SDK and bare protobuf on the same spans.

The aim compares like with like: from spans whose attributes are ready to bytes. What reading prompts and translating
costs on top of that is shown for both.
"""

import argparse
import gc
import os
import time
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from benchmarks.report import Report
from tests.exporters.assembled import demo_traces
from tests.exporters.reading import attributes_of
from tracehub.app import COLLECT_AFTER
from tracehub.exporters.links import NO_LINKS
from tracehub.exporters.mapping import Translated, resource_spans, span_count, translated
from tracehub.exporters.semconv import CONTENT
from tracehub.exporters.terms import Content, Terms
from tracehub.exporters.wire import written
from tracehub.model.trace import Trace

_TERMS = Terms(content=Content.FULL)
_SCOPE = InstrumentationScope("tracehub", "1")
_KINDS = {1: SpanKind.INTERNAL, 3: SpanKind.CLIENT}
Prepared = list[dict[str, object]]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="make bench-export", description=__doc__)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    gc.set_threshold(*COLLECT_AFTER)
    traces = demo_traces(given.sessions)
    ready = [translated(trace, _TERMS, NO_LINKS) for trace in traces]
    messages = [resource_spans(trace, _TERMS) for trace in traces]
    spans = sum(span_count(each) for each in messages)
    prepared = [_prepared(each) for trace in messages for each in trace]
    fastest = _fastest(
        {
            "sdk": lambda: _by_sdk(prepared),
            "writing": lambda: _write(ready),
            "translating": lambda: _translate(traces),
            "all": lambda: _by_tracehub(traces),
            "protobuf": lambda: _by_protobuf(messages),
        },
        given.rounds,
    )
    content = sum(_content_bytes(each) for trace in messages for each in trace)
    size = f"{spans:,} spans with {content / spans / 1000:.1f} KB of content each"
    report = Report(f"{size} ({os.cpu_count()} cores, the fastest of {given.rounds} rounds)")
    rates = {name: spans / seconds for name, seconds in fastest.items()}
    sdk = rates["sdk"]
    report.add("spans to bytes: SDK (ReadableSpan, encode_spans)", sdk, "spans/s")
    report.add("spans to bytes: tracehub", rates["writing"], "spans/s", floor=sdk, at_least=3 * sdk)
    report.add("messages to bytes: bare protobuf", rates["protobuf"], "spans/s", floor=sdk)
    through_sdk = spans / (fastest["translating"] + fastest["sdk"])
    report.add("traces to bytes: tracehub's translation, SDK", through_sdk, "spans/s")
    report.add("traces to bytes: tracehub", rates["all"], "spans/s", floor=through_sdk)
    for name, what in (("sdk", "spans to bytes: SDK"), ("writing", "spans to bytes"), ("all", "traces to bytes")):
        report.add(f"CPU of 10,000 spans, {what}", fastest[name] / spans * 10_000, "s")
    report.print()


def _fastest(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """CPU seconds of each, taken in turns, so that what else the machine does hits all alike."""
    seconds = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, run in ways.items():
            gc.collect()
            began = time.process_time()
            run()
            seconds[name] = min(seconds[name], time.process_time() - began)
    return seconds


def _write(ready: Sequence[Translated]) -> None:
    for told in ready:
        for resource, spans in told.resources:
            written(resource, spans, told.trace_id, told.schema_url).SerializeToString()


def _translate(traces: Sequence[Trace]) -> None:
    for trace in traces:
        translated(trace, _TERMS, NO_LINKS)


def _by_tracehub(traces: Sequence[Trace]) -> None:
    """All of it: from the assembled trace."""
    for trace in traces:
        for message in resource_spans(trace, _TERMS):
            message.SerializeToString()


def _by_sdk(prepared: list[Prepared]) -> None:
    """From what an instrumentation would have at hand: names, times and attributes that are ready."""
    for spans in prepared:
        encode_spans([ReadableSpan(**span) for span in spans]).SerializeToString()  # type: ignore[arg-type]


def _by_protobuf(messages: Sequence[Sequence[ResourceSpans]]) -> None:
    for trace in messages:
        for message in trace:
            message.SerializeToString()


def _prepared(message: ResourceSpans) -> Prepared:
    resource = Resource(attributes_of(message.resource.attributes))
    [scope] = message.scope_spans
    return [_span(span, resource) for span in scope.spans]


def _span(span: SpanMessage, resource: Resource) -> dict[str, object]:
    events = [
        Event(event.name, attributes_of(event.attributes), timestamp=event.time_unix_nano) for event in span.events
    ]
    links = [Link(_context(link.trace_id, link.span_id), attributes_of(link.attributes)) for link in span.links]
    return {
        "name": span.name,
        "context": _context(span.trace_id, span.span_id),
        "parent": _context(span.trace_id, span.parent_span_id) if span.parent_span_id else None,
        "resource": resource,
        "attributes": attributes_of(span.attributes),
        "events": events,
        "links": links,
        "kind": _KINDS[span.kind],
        "status": Status(StatusCode.ERROR, span.status.message) if span.status.code else Status(),
        "start_time": span.start_time_unix_nano,
        "end_time": span.end_time_unix_nano,
        "instrumentation_scope": _SCOPE,
    }


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    return SpanContext(int.from_bytes(trace_id), int.from_bytes(span_id), False, TraceFlags(1))


def _content_bytes(message: ResourceSpans) -> int:
    def size(pairs: Sequence[KeyValue]) -> int:
        return sum(len(pair.value.string_value.encode()) for pair in pairs if pair.key in CONTENT)

    spans = [span for scope in message.scope_spans for span in scope.spans]
    return sum(size(span.attributes) + sum(size(event.attributes) for event in span.events) for span in spans)


if __name__ == "__main__":
    main()
