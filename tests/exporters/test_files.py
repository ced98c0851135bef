"""OTLP JSON: what its specification asks for beside protobuf's own JSON."""

import json
from base64 import b64encode
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.exporters.example import TRACE_ID, example
from tracehub.exporters.files import otlp_json, otlp_json_line
from tracehub.exporters.links import Links, SpanRef
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Content, Terms
from tracehub.model.trace import Caller

_LINKS = Links(previous_turn=SpanRef(trace_id="1" * 32, span_id="2" * 16))


def test_a_line_says_what_the_messages_say() -> None:
    spans = resource_spans(example(), Terms(content=Content.FULL), _LINKS)
    document = json.loads(otlp_json_line(spans))
    _write_ids_as_base64(document)
    assert ParseDict(document, TracesData()) == TracesData(resource_spans=spans)


def test_ids_are_hex_enums_numbers_and_long_numbers_texts() -> None:
    caller = Caller(trace_id="c" * 32, span_id="d" * 16)
    document: Any = otlp_json(resource_spans(example(caller=caller), Terms(), _LINKS))
    root = document["resourceSpans"][-1]["scopeSpans"][0]["spans"][-1]
    assert (root["traceId"], root["spanId"], root["parentSpanId"]) == ("c" * 32, "0" * 15 + "1", "d" * 16)
    assert (root["kind"], root["status"]["code"]) == (3, 2)
    assert root["startTimeUnixNano"] == "1790000000000000000"
    assert (root["links"][0]["traceId"], root["links"][0]["spanId"]) == ("1" * 32, "2" * 16)
    tool = next(
        span for span in document["resourceSpans"][-1]["scopeSpans"][0]["spans"] if span["name"].endswith("Rooms__book")
    )
    assert tool["links"][0]["traceId"] == "c" * 32 != TRACE_ID


def test_a_trace_is_one_line() -> None:
    line = otlp_json_line(resource_spans(example(question="a\nb"), Terms(content=Content.FULL)))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def _write_ids_as_base64(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _write_ids_as_base64(each)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in ("traceId", "spanId", "parentSpanId"):
                value[name] = b64encode(bytes.fromhex(member)).decode()
            else:
                _write_ids_as_base64(member)
