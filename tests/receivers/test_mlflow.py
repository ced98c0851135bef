"""What MLflow stores of all that tracehub holds."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.receivers.delivering import Held, assert_delivered, held
from tests.receivers.expected import SpanId, Stored, all_input, expected
from tests.receivers.leaking import leaked, texts_of
from tests.receivers.mlflow import HEADERS, MlflowServer, serving
from tracehub.model.span import ModelSpan
from tracehub.pipeline.exporting import terms_of

_KINDS = {
    "agent": "AGENT",
    "model": "CHAT_MODEL",
    "tool": "TOOL",
    "code": "TOOL",
    "retrieval": "RETRIEVER",
    "guardrail": "GUARDRAIL",
}


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with serving(tmp_path_factory.mktemp("mlflow")) as running:
        yield running


@pytest.fixture(scope="module")
def sent(mlflow: MlflowServer, corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    return _delivered(mlflow, corpus_dir, tmp_path_factory.mktemp("tracehub"))


@pytest.fixture(scope="module")
def stored(mlflow: MlflowServer, sent: Held) -> list[dict[str, Any]]:
    return mlflow.traces()


def test_every_span_is_there_as_tracehub_holds_it(stored: list[dict[str, Any]], sent: Held) -> None:
    wanted = expected(sent.traces, terms_of(sent.destination))
    spans = list(_spans(stored))
    assert len(spans) == len(wanted)
    found = dict(spans)
    assert found.keys() == wanted.keys()
    for ids, span in wanted.items():
        assert found[ids] == _in_its_words(span)


def test_traces_have_the_session_tokens_and_times_of_ours(stored: list[dict[str, Any]], sent: Held) -> None:
    wanted = expected(sent.traces, terms_of(sent.destination))
    found = {trace["info"]["trace_id"].removeprefix("tr-"): trace["info"] for trace in stored}
    assert found.keys() == {trace.trace_id for trace in sent.traces}
    for trace in sent.traces:
        info, root = found[trace.trace_id], wanted[trace.trace_id, trace.spans[0].span_id]
        told = info.get("trace_metadata", {})
        assert told.get("mlflow.trace.session") == trace.session_id
        models = [span.tokens for span in trace.spans if isinstance(span, ModelSpan)]
        for which, known in (
            ("input_tokens", [counted for tokens in models if (counted := all_input(tokens)) is not None]),
            ("output_tokens", [tokens.output for tokens in models if tokens.output is not None]),
        ):
            used = json.loads(told.get("mlflow.trace.tokenUsage", "{}"))
            assert used.get(which) == (sum(known) if known else None)
        assert info["state"] == ("ERROR" if root.error is not None else "OK")
        began = round(datetime.fromisoformat(info["request_time"]).timestamp() * 1000)
        assert began == root.started_at // 1_000_000


def test_calls_cost_what_tracehub_says(stored: list[dict[str, Any]], sent: Held) -> None:
    """As far as both know a price: there are Bedrock's models that only one of them knows."""
    found = {
        ids: cost["total_cost"]
        for trace in stored
        for span in trace["data"]["spans"]
        if (cost := json.loads(span["attributes"].get("mlflow.llm.cost", "null")))
        for ids in [(_hex(span["trace_id"]), _hex(span["span_id"]))]
    }
    ours = {
        (trace.trace_id, span.span_id): span.cost_usd
        for trace in sent.traces
        for span in trace.spans
        if isinstance(span, ModelSpan) and span.cost_usd is not None
    }
    both = found.keys() & ours.keys()
    assert len(both) > 300
    assert {ids: found[ids] for ids in both} == pytest.approx({ids: ours[ids] for ids in both})


def test_what_is_sent_twice_is_there_once(mlflow: MlflowServer, stored: list[dict[str, Any]], sent: Held) -> None:
    sent.send_again()
    assert_delivered(sent.deliver(), sent.traces)
    again = mlflow.traces()
    assert sorted(map(str, _spans(again))) == sorted(map(str, _spans(stored)))
    assert _by_id(again) == _by_id(stored)


def test_with_content_off_nothing_that_was_said_is_there(
    mlflow: MlflowServer, stored: list[dict[str, Any]], sent: Held, corpus_dir: Path, tmp_path: Path
) -> None:
    assert leaked(sent.traces, texts_of(mlflow.database))
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "tracehub").mkdir()
    with serving(tmp_path / "mlflow") as other:
        bare = _delivered(other, corpus_dir, tmp_path / "tracehub", content="off")
        assert leaked(bare.traces, texts_of(other.database)) == set()


def test_the_check_of_the_destination_is_taken(mlflow: MlflowServer, sent: Held) -> None:
    before = len(mlflow.traces())
    assert "took" in sent.check()
    assert len(mlflow.traces()) == before + 1


def _delivered(mlflow: MlflowServer, corpus: Path, folder: Path, **settings: object) -> Held:
    # Its first request reads a list of prices, which takes seconds.
    declared = {"endpoint": mlflow.address, "headers": HEADERS, "dialect": "openinference", "timeout_seconds": 120}
    found = held(folder, corpus, **declared | settings)
    assert_delivered(found.deliver(), found.traces)
    return found


def _by_id(stored: list[dict[str, Any]]) -> dict[str, Any]:
    return {trace["info"]["trace_id"]: trace["info"] for trace in stored}


def _in_its_words(span: Stored) -> Stored:
    return replace(span, kind=_KINDS[span.kind])


def _spans(stored: list[dict[str, Any]]) -> Iterator[tuple[SpanId, Stored]]:
    for trace in stored:
        for span in trace["data"]["spans"]:
            yield (_hex(span["trace_id"]), _hex(span["span_id"])), _read(span)


def _read(span: dict[str, Any]) -> Stored:
    attributes = {name: json.loads(value) for name, value in span["attributes"].items()}
    tokens = attributes.get("mlflow.chat.tokenUsage", {})
    failed = span["status"]["code"] == "STATUS_CODE_ERROR"
    return Stored(
        parent_id=_hex(span["parent_span_id"]) if span["parent_span_id"] else None,
        name=span["name"],
        kind=str(attributes.get("mlflow.spanType")),
        session=attributes.get("gen_ai.conversation.id"),
        started_at=span["start_time_unix_nano"],
        ended_at=span["end_time_unix_nano"],
        error=span["status"]["message"] if failed else None,
        input_tokens=tokens.get("input_tokens"),
        output_tokens=tokens.get("output_tokens"),
    )


def _hex(text: str) -> str:
    return b64decode(text).hex()
