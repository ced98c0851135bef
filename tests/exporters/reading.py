"""Reads exported spans back, as a receiver would."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage


def spans_of(spans: Iterable[ResourceSpans]) -> list[SpanMessage]:
    """All spans in the order they are sent."""
    return [span for resource in spans for scope in resource.scope_spans for span in scope.spans]


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """The attributes by name."""
    return {pair.key: _value(pair.value) for pair in pairs}


def span_named(spans: Iterable[ResourceSpans], name: str) -> SpanMessage:
    """The first span of this name."""
    return next(span for span in spans_of(spans) if span.name == name)


def texts_of(spans: Iterable[ResourceSpans]) -> Iterator[str]:
    """Every text that leaves: names, values, what describes a failure."""
    for resource in spans:
        yield from _texts(resource.resource.attributes)
    for span in spans_of(spans):
        yield span.name
        yield span.status.message
        yield from _texts(span.attributes)
        for event in span.events:
            yield event.name
            yield from _texts(event.attributes)
        for link in span.links:
            yield from _texts(link.attributes)


def names_in(spans: Iterable[ResourceSpans]) -> set[str]:
    """The names of all attributes and events of the spans."""
    found: set[str] = set()
    for span in spans_of(spans):
        found.update(pair.key for pair in span.attributes)
        for event in span.events:
            found |= {event.name, *(pair.key for pair in event.attributes)}
        for link in span.links:
            found.update(pair.key for pair in link.attributes)
    return found


def json_in(span: SpanMessage, name: str) -> Any:
    """The JSON under this name."""
    return json.loads(attributes_of(span.attributes)[name])


def _texts(pairs: Iterable[KeyValue]) -> Iterator[str]:
    for name, value in attributes_of(pairs).items():
        yield name
        yield str(value)


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind is not None
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
