"""Ids, links, resources and times of exported traces."""

import subprocess
import sys
from shutil import which

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.exporters.example import START, TRACE_ID, example
from tests.exporters.protoc import decoded_by_protoc
from tests.exporters.reading import attributes_of, span_named, spans_of
from tracehub.errors import PermanentError
from tracehub.exporters.ids import root_ref, span_ref
from tracehub.exporters.links import Links
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Content, Dialect, Terms
from tracehub.model.span import Agent, Span
from tracehub.model.trace import Caller, CallTimes, Trace

_CALLER = Caller(trace_id="c" * 32, span_id="d" * 16)


def test_the_trace_id_is_the_requests_own() -> None:
    exported = resource_spans(example(), Terms())
    assert {span.trace_id.hex() for span in spans_of(exported)} == {TRACE_ID}
    # All but the message of the custom orchestration, which is an event.
    ours = {span.span_id for span in example().spans if span.name != "custom orchestration"}
    assert {span.span_id.hex() for span in spans_of(exported)} == ours


def test_a_collaborators_spans_come_first_and_the_root_comes_last() -> None:
    desk, top = resource_spans(example(), Terms())
    assert [span.name for span in spans_of([desk])] == ["chat amazon.nova-lite-v1:0", "invoke_agent HotelDesk"]
    assert spans_of([top])[-1].name == "invoke_agent AGENT12345"


def test_each_agent_is_a_resource_of_its_own() -> None:
    terms = Terms(environment="test", account_id="1", resource_attributes={"team": "travel", "cloud.region": "here"})
    desk, top = (attributes_of(each.resource.attributes) for each in resource_spans(example(), terms))
    assert (desk["service.name"], desk["service.version"]) == ("bedrock-agent/HotelDesk", "3")
    assert top == {
        "service.name": "bedrock-agent/AGENT12345",
        "service.version": "7",
        "deployment.environment.name": "test",
        "cloud.provider": "aws",
        "cloud.platform": "aws_bedrock",
        "cloud.region": "here",
        "cloud.account.id": "1",
        "team": "travel",
    }


def test_an_agent_that_reports_nothing_still_is_a_service() -> None:
    trace = _with_root(example(agent=Agent(inline=True)), agent=Agent(inline=True))
    assert attributes_of(resource_spans(trace, Terms())[-1].resource.attributes)["service.name"] == (
        "bedrock-agent/inline"
    )


def test_a_callers_trace_is_continued() -> None:
    spans = spans_of(resource_spans(example(caller=_CALLER), Terms()))
    assert {span.trace_id.hex() for span in spans} == {_CALLER.trace_id}
    assert spans[-1].parent_span_id.hex() == _CALLER.span_id
    assert root_ref(example(caller=_CALLER), Terms()).trace_id == _CALLER.trace_id


def test_a_salt_gives_other_ids_of_the_same_tree() -> None:
    plain, salted = (spans_of(resource_spans(example(), terms)) for terms in (Terms(), Terms(id_salt="tenant")))
    assert {span.trace_id for span in plain}.isdisjoint(span.trace_id for span in salted)
    renamed = {one.span_id: other.span_id for one, other in zip(plain, salted, strict=True)}
    assert len(set(renamed.values())) == len(plain)
    assert set(renamed).isdisjoint(renamed.values())
    for one, other in zip(plain, salted, strict=True):
        assert renamed.get(one.parent_span_id, b"") == other.parent_span_id
        assert [renamed[link.span_id] for link in one.links] == [link.span_id for link in other.links]
    ref = root_ref(example(), Terms(id_salt="tenant"))
    assert (ref.trace_id, ref.span_id) == (salted[-1].trace_id.hex(), salted[-1].span_id.hex())


def test_the_root_is_linked_to_the_turn_before_and_to_what_it_answers() -> None:
    before, asked = (span_ref(digit * 32, digit * 16, None, Terms()) for digit in "12")
    root = spans_of(resource_spans(example(), Terms(), Links(previous_turn=before, return_of_control=asked)))[-1]
    assert [(link.trace_id.hex(), link.span_id.hex(), attributes_of(link.attributes)) for link in root.links] == [
        ("1" * 32, "1" * 16, {"tracehub.link": "previous_turn"}),
        ("2" * 32, "2" * 16, {"tracehub.link": "return_of_control"}),
    ]


def test_a_span_without_times_lasts_none_where_the_one_before_ended_and_says_so() -> None:
    trace = _timeless(example(), places=(4, 5))
    spans = resource_spans(trace, Terms())
    booked = span_named(spans, "execute_tool Rooms__book")
    assert booked.start_time_unix_nano == booked.end_time_unix_nano == (START + 1_200_000) * 1000
    assert attributes_of(booked.attributes)["tracehub.time.estimated"] is True
    asked = span_named(spans, "chat unknown")
    assert "tracehub.time.estimated" not in attributes_of(asked.attributes)


def test_a_trace_without_times_is_dated_by_its_call_or_its_receipt_or_not_exported() -> None:
    trace = _timeless(example(), places=range(15))
    seen = msgspec.structs.replace(trace, times=CallTimes(asked_at=START))
    assert {span.end_time_unix_nano for span in spans_of(resource_spans(seen, Terms()))} == {START * 1000}
    received = resource_spans(trace, Terms(), received_at=START + 1)
    assert {span.start_time_unix_nano for span in spans_of(received)} == {(START + 1) * 1000}
    with pytest.raises(PermanentError, match="tells when it was"):
        resource_spans(trace, Terms())


def test_what_is_no_tree_is_refused_with_what_is_wrong() -> None:
    first, second, *rest = example().spans
    for spans, fault in (
        ((first, first, second, *rest), "occurs twice"),
        ((first, _moved(second, second.span_id), *rest), "is its own parent"),
        ((first, _moved(second, "f" * 16), *rest), "has the parent f{16}, which is not there"),
        ((first, _moved(second, None), *rest), "is a second root"),
        ((second, *rest), "root"),
        ((first, msgspec.structs.replace(second, span_id="0" * 16), *rest), "none of OpenTelemetry's"),
        ((first, msgspec.structs.replace(second, ended_at=2**62), *rest), "at no time that can be written"),
        ((), "no root"),
    ):
        with pytest.raises(PermanentError, match=fault):
            resource_spans(example(spans=spans), Terms(), received_at=START)
    with pytest.raises(PermanentError, match="its id is none"):
        resource_spans(example(trace_id="0" * 32), Terms())


def test_two_spans_below_each_other_are_refused() -> None:
    spans = list(example().spans)
    spans[3] = _moved(spans[3], spans[4].span_id)
    spans[4] = _moved(spans[4], spans[3].span_id)
    with pytest.raises(PermanentError, match="below itself"):
        resource_spans(example(spans=tuple(spans)), Terms())


def test_hostile_names_and_numbers_are_written_as_far_as_they_can_be() -> None:
    first, second, third, model, tool, *rest = example().spans
    model = msgspec.structs.replace(
        model, inference={"temperature": float("nan"), "topK": 2**80, "maximumLength": 1e400}
    )
    tool = msgspec.structs.replace(tool, tool="\ud800" + "x" * 100_000)
    for terms in (Terms(), Terms(dialect=Dialect.DATADOG, content=Content.FULL)):
        spans = resource_spans(example(spans=(first, second, third, model, tool, *rest)), terms)
        long = next(span for span in spans_of(spans) if span.name.startswith("execute_tool ?xx"))
        assert (len(long.name), len(attributes_of(long.attributes)["gen_ai.tool.name"])) == (256, 2048)


def test_another_process_decodes_what_is_written() -> None:
    """By protobuf's own parser, without tracehub."""
    request = ExportTraceServiceRequest(resource_spans=resource_spans(example(), Terms(content=Content.FULL)))
    program = (
        "import sys\n"
        "from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as R\n"
        "r = R.FromString(sys.stdin.buffer.read())\n"
        "print([s.name for x in r.resource_spans for y in x.scope_spans for s in y.spans])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=request.SerializeToString(), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == str([span.name for span in spans_of(request.resource_spans)])


@pytest.mark.skipif(which("protoc") is None, reason="protoc is not installed: apt-get install protobuf-compiler")
@pytest.mark.parametrize("dialect", Dialect)
def test_protoc_decodes_what_is_written(dialect: Dialect) -> None:
    request = ExportTraceServiceRequest(resource_spans=resource_spans(example(), Terms(dialect=dialect)))
    assert decoded_by_protoc(request.SerializeToString(), ExportTraceServiceRequest) == request


def _moved(span: Span, parent_id: str | None) -> Span:
    return msgspec.structs.replace(span, parent_id=parent_id)


def _with_root(trace: Trace, **changed: object) -> Trace:
    root = msgspec.structs.replace(trace.spans[0], **changed)
    return msgspec.structs.replace(trace, spans=(root, *trace.spans[1:]))


def _timeless(trace: Trace, places: "range | tuple[int, ...]") -> Trace:
    """The trace with these spans, by place, not knowing when they were."""
    spans = [
        msgspec.structs.replace(span, started_at=None, ended_at=None) if place in places else span
        for place, span in enumerate(trace.spans)
    ]
    return msgspec.structs.replace(trace, spans=tuple(spans))
