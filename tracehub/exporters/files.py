"""Writes exported spans as OTLP JSON: the encoding of its specification, in which ids are hex, not base64."""

from base64 import b64decode
from collections.abc import Iterable

import msgspec
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

Json = dict[str, object]


def otlp_json(spans: Iterable[ResourceSpans]) -> Json:
    """The document `{"resourceSpans": […]}`, as a receiver's `/v1/traces` takes it: enums are numbers, names are
    lowerCamelCase, whole numbers of 64 bits are texts."""
    return {"resourceSpans": [_resource(each) for each in spans]}


def otlp_json_line(spans: Iterable[ResourceSpans]) -> bytes:
    """The document as one line."""
    return msgspec.json.encode(otlp_json(spans)) + b"\n"


def _resource(spans: ResourceSpans) -> Json:
    document: Json = MessageToDict(spans, use_integers_for_enums=True)
    for scope in _members(document, "scopeSpans"):
        for span in _members(scope, "spans"):
            _write_ids_as_hex(span)
            for link in _members(span, "links"):
                _write_ids_as_hex(link)
    return document


def _members(parent: Json, name: str) -> list[Json]:
    members = parent.get(name, [])
    return members if isinstance(members, list) else []


def _write_ids_as_hex(holder: Json) -> None:
    for name in ("traceId", "spanId", "parentSpanId"):
        written = holder.get(name)
        if isinstance(written, str):
            holder[name] = b64decode(written).hex()
