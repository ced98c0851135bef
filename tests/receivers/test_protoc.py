"""protoc reads every request of every dialect as Python's protobuf does."""

from pathlib import Path

import pytest
from google.protobuf.text_format import ParseError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.exporters.assembled import captured_traces, demo_traces
from tests.exporters.protoc import decoded_by_protoc
from tests.stores import RECEIVED_AT
from tracehub.exporters.cutting import pieces_of, request_of
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Content, Dialect, Profile, Terms

_AT_ONCE = 20


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("profile", Profile)
def test_every_request_is_read_alike(corpus_dir: Path, profile: Profile, dialect: Dialect, content: Content) -> None:
    terms = Terms(profile=profile, dialect=dialect, content=content)
    traces = [*demo_traces(20), *(trace for _, trace in captured_traces(corpus_dir))]
    for first in range(0, len(traces), _AT_ONCE):
        pieces = [
            piece
            for trace in traces[first : first + _AT_ONCE]
            for piece in pieces_of(trace.trace_id, resource_spans(trace, terms, received_at=RECEIVED_AT))
        ]
        body = request_of(pieces)
        read = decoded_by_protoc(body, ExportTraceServiceRequest)
        assert read == ExportTraceServiceRequest.FromString(body)
        assert list(read.resource_spans) == [spans for piece in pieces for spans in piece.spans]


def test_a_field_that_the_definitions_do_not_have_is_found() -> None:
    with pytest.raises(ParseError):
        decoded_by_protoc(b"\xa2\x06\x01x", ExportTraceServiceRequest)
