"""Writes spans as the messages of OTLP."""

from collections.abc import Sequence

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from tracehub import __version__
from tracehub.exporters.otel_span import Attributes, OtelSpan, Value
from tracehub.exporters.shortening import encodable

_INTEGERS = range(-(2**63), 2**63)


def written(resource: Attributes, spans: Sequence[OtelSpan], trace_id: str, schema_url: str) -> ResourceSpans:
    """One resource with its spans in the given order. Ids are hex, as they shall be exported."""
    message = ResourceSpans(schema_url=schema_url)
    message.resource.attributes.extend(_pairs(resource))
    scope = message.scope_spans.add(schema_url=schema_url)
    scope.scope.name, scope.scope.version = "tracehub", __version__
    trace = bytes.fromhex(trace_id)
    for span in spans:
        _write(scope.spans.add(), span, trace)
    return message


def _write(message: SpanMessage, span: OtelSpan, trace_id: bytes) -> None:
    message.trace_id = trace_id
    message.span_id = bytes.fromhex(span.span_id)
    if span.parent_id is not None:
        message.parent_span_id = bytes.fromhex(span.parent_id)
    message.name = encodable(span.name)
    message.kind = span.kind  # type: ignore[assignment]
    message.start_time_unix_nano = span.started_at * 1000
    message.end_time_unix_nano = span.ended_at * 1000
    message.attributes.extend(_pairs(span.attributes))
    for event in span.events:
        at = span.ended_at if event.at is None else event.at
        message.events.add(time_unix_nano=at * 1000, name=event.name, attributes=_pairs(event.attributes))
    for link in span.links:
        linked = trace_id if link.trace_id is None else bytes.fromhex(link.trace_id)
        message.links.add(trace_id=linked, span_id=bytes.fromhex(link.span_id), attributes=_pairs(link.attributes))
    if span.failure is not None:
        message.status.code = Status.STATUS_CODE_ERROR
        message.status.message = encodable(span.failure)


def _pairs(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=encodable(name), value=_value(value)) for name, value in attributes.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=encodable(value))
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if value in _INTEGERS else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    written = AnyValue()
    written.array_value.values.extend(AnyValue(string_value=encodable(each)) for each in value)
    return written
