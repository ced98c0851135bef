"""Run by Phoenix's own Python: sends the spans of standard input, one JSON list a trace, over OTLP to an address."""

import json
import sys
import urllib.request

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

BATCH = 500


def main() -> None:
    """Each span is {trace, id, parent, name, kind, start, end, failed, attributes}, its times in microseconds."""
    for line in sys.stdin:
        spans = json.loads(line)
        for start in range(0, len(spans), BATCH):
            _send(sys.argv[1], spans[start : start + BATCH])


def _send(address: str, spans: list[dict[str, object]]) -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for span in spans:
        made = scope.spans.add()
        made.trace_id = bytes.fromhex(str(span["trace"]))
        made.span_id = bytes.fromhex(str(span["id"]))
        if span["parent"]:
            made.parent_span_id = bytes.fromhex(str(span["parent"]))
        made.name = str(span["name"])
        made.start_time_unix_nano = int(str(span["start"])) * 1000
        made.end_time_unix_nano = int(str(span["end"])) * 1000
        made.status.code = Status.STATUS_CODE_ERROR if span["failed"] else Status.STATUS_CODE_OK
        for name, value in dict(span["attributes"]).items():  # type: ignore[call-overload]
            attribute = made.attributes.add()
            attribute.key = name
            attribute.value.string_value = str(value)
    body = request.SerializeToString()
    headers = {"Content-Type": "application/x-protobuf"}
    urllib.request.urlopen(urllib.request.Request(f"{address}/v1/traces", body, headers), timeout=60).close()


if __name__ == "__main__":
    main()
