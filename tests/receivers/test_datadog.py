"""What Datadog's own decoder reads of all that tracehub holds."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.exporters.protoc import decoded_by_protoc
from tests.exporters.reading import spans_of
from tests.receivers.datadog import DatadogAgent, serving
from tests.receivers.delivering import Held, assert_delivered, held
from tests.receivers.expected import SpanId, Stored, expected
from tests.receivers.leaking import leaked
from tracehub.model.span import Span, ToolSpan
from tracehub.pipeline.exporting import terms_of

MOST_BYTES = 1024 * 1024
# otel_instrumentation.md: an operation outranks OpenInference's kind; what is neither is a workflow.
_BY_OPERATION = {"chat": "llm", "execute_tool": "tool", "invoke_agent": "agent"}
_BY_KIND = {"RETRIEVER": "retrieval"}
_KINDS = {
    "agent": "agent",
    "model": "llm",
    "tool": "tool",
    "code": "tool",
    "retrieval": "retrieval",
    "guardrail": "workflow",
    "custom": "workflow",
}
_SECRET = "d" * 32


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatadogAgent]:
    with serving(tmp_path_factory.mktemp("datadog")) as running:
        yield running


@pytest.fixture(scope="module")
def sent(agent: DatadogAgent, corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    folder = tmp_path_factory.mktemp("tracehub")
    (folder / "key").write_text(_SECRET)
    headers = {"dd-api-key": f"file:{folder / 'key'}"}
    found = _held(folder, corpus_dir, agent, headers=headers, service_name="assistant", environment="test")
    assert_delivered(found.deliver(), found.traces)
    return found


def test_every_span_is_there_as_tracehub_holds_it(agent: DatadogAgent, sent: Held) -> None:
    wanted = expected(sent.traces, terms_of(sent.destination), customs=True)
    stored = _stored(agent)
    assert len(stored) == len(wanted)
    found = dict(stored)
    assert found.keys() == wanted.keys()
    for ids, span in wanted.items():
        assert found[ids] == _in_its_words(span)


def test_turns_are_linked_to_the_turns_before_and_to_the_calls_that_they_answer(
    agent: DatadogAgent, sent: Held
) -> None:
    links = {ids: dict(_links(span)) for ids, span in _spans(agent)}
    roots = {trace.trace_id: links[trace.trace_id, trace.spans[0].span_id] for trace in sent.traces}
    by_id = {trace.trace_id: trace for trace in sent.traces}
    asked = {span.return_control_id: trace for trace in sent.traces for span in trace.spans if _asks(span)}
    assert any(trace.answers in asked for trace in sent.traces)
    for trace in sent.traces:
        before, answered = roots[trace.trace_id].get("previous_turn"), roots[trace.trace_id].get("return_of_control")
        if before is not None:
            assert before in links
            assert by_id[before[0]].session_id == trace.session_id
        assert (answered is not None) == (trace.answers in asked and asked[trace.answers] is not trace)
        if answered is not None:
            [span] = [span for span in by_id[answered[0]].spans if span.span_id == answered[1]]
            assert _asks(span)
            assert span.return_control_id == trace.answers
    turns = Counter(trace.session_id for trace in sent.traces if trace.session_id is not None)
    linked = [each["previous_turn"] for each in roots.values() if "previous_turn" in each]
    assert len(set(linked)) == len(linked) == sum(turns.values()) - len(turns)


def test_what_was_too_large_was_split_after_a_413(agent: DatadogAgent, sent: Held) -> None:
    sizes = [len(request.body) for request in agent.requests()]
    assert max(sizes) <= MOST_BYTES < sum(sizes)
    # It does not remember what it refused, but tracehub does.
    assert sent.standing().requests > len(sizes)


def test_the_headers_are_those_that_datadog_asks_for(agent: DatadogAgent, sent: Held) -> None:
    for request in agent.requests():
        assert request.path == "/v1/traces"
        told = {name: request.headers.get(name) for name in ("dd-api-key", "dd-otlp-source", "compute_stats")}
        assert told == {"dd-api-key": _SECRET, "dd-otlp-source": "llmobs", "compute_stats": "true"}
        assert request.headers["content-type"] == "application/x-protobuf"
        assert request.headers["content-encoding"] == "gzip"


def test_with_content_off_nothing_that_was_said_is_there(
    agent: DatadogAgent, sent: Held, corpus_dir: Path, tmp_path: Path
) -> None:
    assert leaked(sent.traces, _bodies(agent))
    (tmp_path / "agent").mkdir()
    with serving(tmp_path / "agent") as other:
        bare = _held(tmp_path, corpus_dir, other, content="off")
        assert_delivered(bare.deliver(), bare.traces)
        assert len(_stored(other)) == len(expected(bare.traces, terms_of(bare.destination), customs=True))
        assert leaked(bare.traces, _bodies(other)) == set()


def test_protoc_decodes_every_request(agent: DatadogAgent, sent: Held) -> None:
    for request in agent.requests():
        read = decoded_by_protoc(request.body, ExportTraceServiceRequest)
        assert read == ExportTraceServiceRequest.FromString(request.body)


def test_what_is_sent_twice_is_word_for_word_the_same(agent: DatadogAgent, sent: Held) -> None:
    first = Counter(_encoded(agent))
    sent.send_again()
    assert_delivered(sent.deliver(), sent.traces)
    assert set(first.values()) == {1}
    assert Counter(_encoded(agent)) == first + first


def test_the_check_of_the_destination_is_taken(agent: DatadogAgent, sent: Held) -> None:
    before = len(agent.requests())
    assert "took" in sent.check()
    assert len(agent.requests()) == before + 1


def _encoded(agent: DatadogAgent) -> list[bytes]:
    return [
        span.SerializeToString(deterministic=True)
        for request in agent.requests()
        for span in spans_of(ExportTraceServiceRequest.FromString(request.body).resource_spans)
    ]


def _bodies(agent: DatadogAgent) -> str:
    return "\n".join(request.body.decode("utf-8", "replace") for request in agent.requests())


def _held(folder: Path, corpus: Path, agent: DatadogAgent, **settings: object) -> Held:
    # Captures are older than Datadog takes.
    declared = {"endpoint": agent.address, "dialect": "datadog", "max_age_hours": 1_000_000, **settings}
    return held(folder, corpus, **declared)


def _in_its_words(span: Stored) -> Stored:
    return replace(span, kind=_KINDS[span.kind])


def _stored(agent: DatadogAgent) -> list[tuple[SpanId, Stored]]:
    return [(ids, _read(span)) for ids, span in _spans(agent)]


def _spans(agent: DatadogAgent) -> list[tuple[SpanId, dict[str, Any]]]:
    return [
        ((_hex(span["trace_id"]), _hex(span["span_id"])), span)
        for resource in agent.resource_spans()
        for scope in resource["scope_spans"]
        for span in scope["spans"]
    ]


def _links(span: dict[str, Any]) -> Iterator[tuple[str, SpanId]]:
    """Where it points to, by what tracehub calls the link."""
    for link in span.get("links", ()):
        named = {each["key"]: each["value"].get("string_value") for each in link.get("attributes", ())}
        yield named.get("tracehub.link") or "asked_by", (_hex(link["trace_id"]), _hex(link["span_id"]))


def _asks(span: Span) -> TypeGuard[ToolSpan]:
    return isinstance(span, ToolSpan) and span.return_control_id is not None


def _read(span: dict[str, Any]) -> Stored:
    attributes = {each["key"]: next(iter(each["value"].values()), None) for each in span["attributes"]}
    status = span.get("status", {})
    tokens = [attributes.get(f"gen_ai.usage.{which}_tokens") for which in ("input", "output")]
    return Stored(
        parent_id=_hex(span["parent_span_id"]) if span.get("parent_span_id") else None,
        name=span["name"],
        kind=_kind(attributes),
        session=attributes.get("gen_ai.conversation.id"),
        started_at=int(span["start_time_unix_nano"]),
        ended_at=int(span["end_time_unix_nano"]),
        error=status.get("message", "") if status.get("code") == "STATUS_CODE_ERROR" else None,
        input_tokens=None if tokens[0] is None else int(tokens[0]),
        output_tokens=None if tokens[1] is None else int(tokens[1]),
    )


def _kind(attributes: dict[str, Any]) -> str:
    """The kind that LLM Observability gives it, by the rules of its documentation: ddapm does not run them."""
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return _BY_OPERATION.get(operation, "workflow")
    return _BY_KIND.get(attributes.get("openinference.span.kind", ""), "workflow")


def _hex(text: str) -> str:
    return b64decode(text).hex()
