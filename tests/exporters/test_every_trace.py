"""What holds for every exported trace, of all captures and of the demo, in every dialect and profile."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.exporters.assembled import captured_traces, demo_traces
from tests.exporters.reading import attributes_of, json_in, names_in, spans_of
from tracehub.exporters.dialects import datadog, openinference
from tracehub.exporters.mapping import resource_spans, span_count, without_content
from tracehub.exporters.semconv import CONTENT, NAMES, Names
from tracehub.exporters.terms import Content, Dialect, Profile, Terms
from tracehub.model.span import AgentSpan, CustomSpan, ErrorSource, ModelSpan, Outcome
from tracehub.model.trace import Trace

RECEIVED_AT = 1_790_000_000_000_000
SCHEMAS = Path(__file__).parent / "schemas"
_WAYS = [
    Terms(profile=profile, dialect=dialect, content=content, content_chars=400)
    for profile in Profile
    for dialect in Dialect
    for content in Content
]
_OF_DIALECTS = {openinference.KIND, openinference.INPUT, datadog.METADATA}
_NUMBERED = re.compile(r"retrieval\.documents\.\d+\.document\.(?:id|content|metadata)")


@cache
def every_trace(corpus_dir: Path | None) -> tuple[tuple[str, Trace], ...]:
    captured = tuple(captured_traces(corpus_dir)) if corpus_dir else ()
    return (*captured, *(("demo", trace) for trace in demo_traces(30)))


@pytest.fixture(scope="session")
def traces(request: pytest.FixtureRequest) -> tuple[tuple[str, Trace], ...]:
    try:
        folder = request.getfixturevalue("corpus_dir")
    except pytest.skip.Exception:
        folder = None
    return every_trace(folder)


@pytest.mark.parametrize("terms", _WAYS, ids=lambda terms: f"{terms.profile}-{terms.dialect}-{terms.content}")
def test_every_trace_is_one_tree_of_known_names_and_valid_messages(
    traces: tuple[tuple[str, Trace], ...], terms: Terms
) -> None:
    known = _names(NAMES[terms.profile])
    for name, trace in traces:
        exported = resource_spans(trace, terms, received_at=RECEIVED_AT)
        assert _bytes(exported) == _bytes(resource_spans(trace, terms, received_at=RECEIVED_AT)), name
        _check_tree(exported, trace)
        unknown = {each for each in names_in(exported) - known if not _NUMBERED.fullmatch(each)}
        assert unknown == set(), name
        _check_content(exported, terms)
        kept = [span for span in trace.spans if terms.dialect is Dialect.DATADOG or not isinstance(span, CustomSpan)]
        assert span_count(exported) == len(kept), name


def test_tokens_are_those_of_the_trace_and_stand_on_model_calls_alone(traces: tuple[tuple[str, Trace], ...]) -> None:
    names = NAMES[Profile.V1_41]
    for name, trace in traces:
        spans = spans_of(resource_spans(trace, Terms(), received_at=RECEIVED_AT))
        for field, of_call, of_turn in (
            ("input", names.input_tokens, names.total_input_tokens),
            ("output", names.output_tokens, names.total_output_tokens),
        ):
            models = [
                span.tokens
                for span in trace.spans
                if isinstance(span, ModelSpan) and getattr(span.tokens, field) is not None
            ]
            reported = [getattr(tokens, field) for tokens in models]
            # The convention's input tokens are all of them, also those that were read from the cache or written to it.
            cached = [(tokens.cache_read or 0) + (tokens.cache_write or 0) for tokens in models]
            wanted = [sum(each) for each in zip(reported, cached, strict=True)] if field == "input" else reported
            exported = [found for span in spans if (found := attributes_of(span.attributes).get(of_call)) is not None]
            assert sorted(exported) == sorted(wanted), name
            assert attributes_of(spans[-1].attributes).get(of_turn) == (sum(reported) if reported else None), name


def test_only_what_aws_or_the_caller_called_failed_has_the_status_error(
    traces: tuple[tuple[str, Trace], ...],
) -> None:
    for name, trace in traces:
        failed = {
            span.span_id
            for span in trace.spans
            if span.outcome is Outcome.FAILED
            and span.error is not None
            and span.error.source is ErrorSource.REPORTED
            and span.error.type not in ("reprompt", "response_state_reprompt")
        }
        spans = spans_of(resource_spans(trace, Terms(), received_at=RECEIVED_AT))
        assert {span.span_id.hex() for span in spans if span.status.code} == failed, name
        assert all("error.type" in attributes_of(span.attributes) for span in spans if span.status.code)


def test_stripped_spans_are_those_of_a_destination_without_content(traces: tuple[tuple[str, Trace], ...]) -> None:
    for dialect in Dialect:
        full = Terms(dialect=dialect, content=Content.FULL)
        for name, trace in traces:
            bare = spans_of(resource_spans(trace, Terms(dialect=dialect), received_at=RECEIVED_AT))
            stripped = spans_of(map(without_content, resource_spans(trace, full, received_at=RECEIVED_AT)))
            for one, other in zip(bare, stripped, strict=True):
                said = attributes_of(other.attributes)
                said.pop("tracehub.content.truncated", None)
                assert said == attributes_of(one.attributes), name


def test_the_schemas_find_what_is_wrong() -> None:
    wrong: dict[str, list[object]] = {
        "input-messages": [[{"role": "user"}], [{"role": "user", "parts": [{"type": "text"}]}]],
        "output-messages": [[{"role": "assistant", "parts": []}]],
        "system-instructions": [[{"content": "no type"}], {}],
        "tool-definitions": [[{"type": "function"}]],
        "retrieval-documents": [[{"id": 7}]],
    }
    for schema, documents in wrong.items():
        for document in documents:
            assert not all(each.is_valid(document) for each in _schemas(schema))


def _check_tree(exported: Any, trace: Trace) -> None:
    spans = spans_of(exported)
    own = trace.caller.trace_id if trace.caller else trace.trace_id
    assert {span.trace_id.hex() for span in spans} == {own}
    seen: dict[bytes, Any] = {}
    for span in spans:
        assert span.span_id not in seen
        assert span.parent_span_id not in seen, "a parent came before its child"
        seen[span.span_id] = span
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    root = spans[-1]
    assert root.span_id.hex() == trace.spans[0].span_id
    assert root.parent_span_id.hex() == (trace.caller.span_id if trace.caller else "")
    for span in spans[:-1]:
        parent = seen[span.parent_span_id]
        assert parent.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= parent.end_time_unix_nano
    agents = [span for span in trace.spans if isinstance(span, AgentSpan)]
    assert 1 <= len(exported) <= len(agents)


def _check_content(exported: Any, terms: Terms) -> None:
    names = NAMES[terms.profile]
    schemas = {
        names.input_messages: "input-messages",
        names.output_messages: "output-messages",
        names.system_instructions: "system-instructions",
        names.tool_definitions: "tool-definitions",
        names.documents: "retrieval-documents",
    }
    longest = {Content.TRUNCATED: terms.content_chars, Content.FULL: None, Content.OFF: 0}[terms.content]
    if terms.dialect is Dialect.DATADOG:
        longest = min(longest or 24_000, 24_000)
    for span in spans_of(exported):
        assert len(span.name) <= 256
        attributes = attributes_of(span.attributes)
        for name, value in attributes.items():
            if name in schemas:
                for schema in _schemas(schemas[name]):
                    schema.validate(json_in(span, name))
            if name in CONTENT:
                assert terms.content is not Content.OFF
                assert longest is None or len(value) <= longest
            elif isinstance(value, str) and name != datadog.METADATA:
                assert len(value) <= 2048 or name == openinference.INPUT or name.startswith(openinference.DOCUMENTS)
        for name in (names.tool_arguments, names.citations, names.guardrail_assessments, datadog.METADATA):
            if name in attributes:
                json.loads(attributes[name])


@cache
def _schemas(name: str) -> tuple[Draft202012Validator, ...]:
    """Ours, and the conventions' own where TRACEHUB_SEMCONV_SCHEMAS names their folder."""
    return tuple(_read_schemas(name))


def _read_schemas(name: str) -> Iterator[Draft202012Validator]:
    yield Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))
    originals = os.environ.get("TRACEHUB_SEMCONV_SCHEMAS")
    if originals and name != "retrieval-documents":
        yield Draft202012Validator(json.loads((Path(originals) / f"gen-ai-{name}.json").read_text(encoding="utf-8")))


def _names(names: Names) -> set[str]:
    return {value for value in msgspec.structs.astuple(names) if isinstance(value, str)} | _OF_DIALECTS


def _bytes(exported: Any) -> list[bytes]:
    return [each.SerializeToString(deterministic=True) for each in exported]
