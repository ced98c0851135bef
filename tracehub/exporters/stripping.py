"""Takes the content out of spans that are written already: for a receiver that finds even one span too large."""

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tracehub.exporters.dialects.datadog import METADATA
from tracehub.exporters.dialects.openinference import DOCUMENTS, INPUT
from tracehub.exporters.semconv import CONTENT, TRUNCATED
from tracehub.exporters.shortening import json_text, json_value


def without_content(spans: ResourceSpans) -> ResourceSpans:
    """The same spans without prompts, answers, arguments and results; `tracehub.content.truncated` says so."""
    stripped = ResourceSpans()
    stripped.CopyFrom(spans)
    for scope in stripped.scope_spans:
        for span in scope.spans:
            removed = _strip(span.attributes)
            for event in span.events:
                removed = _strip(event.attributes) or removed
            if removed and not any(pair.key == TRUNCATED for pair in span.attributes):
                span.attributes.add(key=TRUNCATED).value.bool_value = True
    return stripped


def _strip(attributes: "RepeatedCompositeFieldContainer[KeyValue]") -> bool:
    """Removes content; whether there was any."""
    kept = [pair for pair in attributes if not _is_content(pair.key)]
    removed = len(kept) < len(attributes)
    if removed:
        copies = [KeyValue.FromString(pair.SerializeToString()) for pair in kept]
        del attributes[:]
        attributes.extend(copies)
    for pair in attributes:
        if pair.key == METADATA and isinstance(metadata := json_value(pair.value.string_value), dict):
            pair.value.string_value = json_text({k: v for k, v in metadata.items() if not _is_content(k)})
    return removed


def _is_content(name: str) -> bool:
    return name in CONTENT or name == INPUT or name.startswith(DOCUMENTS)
