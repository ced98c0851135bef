"""What Phoenix stores of all that tracehub holds."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.receivers.delivering import Held, assert_delivered, held
from tests.receivers.expected import Stored, all_input, expected
from tests.receivers.leaking import leaked, texts_of
from tests.receivers.phoenix import Kept, Phoenix, serving
from tracehub.model.span import ModelSpan, RetrievalSpan, Span
from tracehub.model.trace import Trace
from tracehub.pipeline.exporting import terms_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {
    "agent": "AGENT",
    "model": "LLM",
    "tool": "TOOL",
    "code": "TOOL",
    "retrieval": "RETRIEVER",
    "guardrail": "GUARDRAIL",
}


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    with serving(tmp_path_factory.mktemp("phoenix")) as running:
        yield running


@pytest.fixture(scope="module")
def sent(phoenix: Phoenix, corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    return _delivered(phoenix, corpus_dir, tmp_path_factory.mktemp("tracehub"))


@pytest.fixture(scope="module")
def kept(phoenix: Phoenix, sent: Held) -> list[Kept]:
    return phoenix.spans(at_least=len(expected(sent.traces, terms_of(sent.destination))))


def test_every_span_is_there_as_tracehub_holds_it(kept: list[Kept], sent: Held) -> None:
    wanted = expected(sent.traces, terms_of(sent.destination))
    assert len(kept) == len(wanted)
    found = {(span.trace_id, span.span_id): _read(span) for span in kept}
    assert found.keys() == wanted.keys()
    for ids, span in wanted.items():
        assert found[ids] == replace(span, kind=_KINDS[span.kind])


def test_roots_have_the_tokens_of_their_traces(kept: list[Kept], sent: Held) -> None:
    found = {span.trace_id: span for span in kept if span.parent_id is None}
    for trace in sent.traces:
        tokens = [span.tokens for span in trace.spans if isinstance(span, ModelSpan)]
        sums = (sum(all_input(each) or 0 for each in tokens), sum(each.output or 0 for each in tokens))
        assert (found[trace.trace_id].all_read, found[trace.trace_id].all_written) == sums


def test_messages_and_documents_are_read(kept: list[Kept], sent: Held) -> None:
    found = {(span.trace_id, span.span_id): span.attributes for span in kept}
    for trace, span in _spans_of(sent):
        attributes = found.get((trace.trace_id, span.span_id), {})
        if isinstance(span, ModelSpan):
            said = attributes.get("llm", {})
            assert bool(said.get("output_messages")) == bool(span.output), span
            assert len(said.get("input_messages", ())) == _messages(attributes.get("gen_ai", {})), span
            assert said.get("model_name") == span.model_id
        elif isinstance(span, RetrievalSpan):
            documents = attributes.get("retrieval", {}).get("documents", [])
            told = [each["document"].get("content") for each in documents]
            assert told == [reference.text for reference in span.references or ()]


def test_what_is_sent_twice_is_there_once(phoenix: Phoenix, kept: list[Kept], sent: Held) -> None:
    sent.send_again()
    assert_delivered(sent.deliver(), sent.traces)
    assert phoenix.spans(at_least=len(kept)) == kept


def test_with_content_off_nothing_that_was_said_is_there(
    phoenix: Phoenix, kept: list[Kept], sent: Held, corpus_dir: Path, tmp_path: Path
) -> None:
    assert leaked(sent.traces, texts_of(phoenix.database))
    (tmp_path / "phoenix").mkdir()
    (tmp_path / "tracehub").mkdir()
    with serving(tmp_path / "phoenix") as other:
        bare = _delivered(other, corpus_dir, tmp_path / "tracehub", content="off")
        assert len(other.spans(at_least=len(kept))) == len(kept)
        assert leaked(bare.traces, texts_of(other.database)) == set()


def test_the_check_of_the_destination_is_taken(phoenix: Phoenix, kept: list[Kept], sent: Held) -> None:
    before = len(kept)
    assert "took" in sent.check()
    assert len(phoenix.spans(at_least=before + 1)) > before


def _delivered(phoenix: Phoenix, corpus: Path, folder: Path, **settings: object) -> Held:
    declared = {"endpoint": phoenix.address, "dialect": "openinference", "timeout_seconds": 60, **settings}
    found = held(folder, corpus, **declared)
    assert_delivered(found.deliver(), found.traces)
    return found


def _spans_of(sent: Held) -> Iterator[tuple[Trace, Span]]:
    for trace in sent.traces:
        for span in trace.spans:
            yield trace, span


def _messages(exported: Mapping[str, Any]) -> int:
    """How many messages were exported, the instructions being one."""
    messages = json.loads(exported.get("input", {}).get("messages", "[]"))
    return len(messages) + ("system_instructions" in exported)


def _read(span: Kept) -> Stored:
    # Its columns hold 0 where a span tells nothing.
    tokens = span.attributes.get("llm", {}).get("token_count", {})
    return Stored(
        parent_id=span.parent_id,
        name=span.name,
        kind=span.kind,
        session=span.session,
        started_at=_nanoseconds(span.started),
        ended_at=_nanoseconds(span.ended),
        error=span.said if span.status == "ERROR" else None,
        input_tokens=tokens.get("prompt"),
        output_tokens=tokens.get("completion"),
    )


def _nanoseconds(text: str) -> int:
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=at.tzinfo or UTC) - _EPOCH) // timedelta(microseconds=1) * 1000
