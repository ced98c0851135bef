"""Real captures through a real boto3: what was recorded comes back event for event."""

from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from botocore.exceptions import EventStreamError

from tests.bedrock.decoding import decoded
from tests.collecting import imported
from tests.replay.asking import AGENT, Events, as_lines, runtime_of
from tests.replaying import replaying
from tests.test_corpus import CAPTURES, CORPUS, WITHOUT_TRACE
from tracehub.bedrock.identity import event_id_of_part
from tracehub.model.record import Event

STREAMS = [name for name in CAPTURES if name not in WITHOUT_TRACE]
# A step that the console merged, or a TracePart that its logger flattened, becomes frames of one step each, as the
# API's unions have one member: so their events have other ids.
MERGED = {"abs-test-agent-steps.json", "oseval-filled-dict.txt"}
PATH = "/agents/AGENT/agentAliases/ALIAS/sessions/session/text"
ASKED = {"inputText": "hello", "enableTrace": True}


class Given(NamedTuple):
    """What a call got: with boto3 (the error that ended it, if any) and as bytes."""

    events: Events
    error: str | None
    body: bytes


@pytest.mark.parametrize("name", STREAMS)
def test_boto3_gets_every_event_that_was_recorded_in_order(name: str) -> None:
    calls = _calls(name)
    given = _given()[name]
    assert len(given) == len(calls) > 0
    for recorded, got in zip(calls, given, strict=True):
        assert _facts(list(decoded(as_lines(got.events)).events)) == _facts(
            [event for event in recorded if event.kind != "exception"]
        )
        raised = [next(iter(event.body)) for event in recorded if event.kind == "exception"]
        assert ([got.error] if got.error else []) == raised


@pytest.mark.parametrize("name", [name for name in STREAMS if name.endswith(".bin")])
def test_a_binary_stream_comes_back_byte_for_byte(corpus_dir: Path, name: str) -> None:
    assert [got.body for got in _given()[name]] == [(corpus_dir / name).read_bytes()]


@pytest.mark.parametrize("name", STREAMS)
def test_importing_what_was_replayed_gives_the_traces_of_the_file(corpus_dir: Path, tmp_path: Path, name: str) -> None:
    of_file = imported(f"sqlite:///{tmp_path / 'file.db'}", (corpus_dir / name).read_bytes())
    of_replay = imported(f"sqlite:///{tmp_path / 'replay.db'}", *(got.body for got in _given()[name]))
    assert len(of_file["traces"]) == len(_calls(name))
    if name in MERGED:
        assert _shown(of_replay["spans"]) == _shown(of_file["spans"])
    else:
        assert of_replay == of_file


@cache
def _given() -> dict[str, list[Given]]:
    """Every capture's calls, asked of one endpoint that replays them all in their order."""
    files = [CORPUS / name for name in STREAMS]
    with (
        replaying(*files, options=("--match", "any", "--speed", "0")) as address,
        runtime_of(address) as client,
        httpx.Client(base_url=address) as bare,
    ):
        with_boto3 = [[_asked(client) for _ in _calls(name)] for name in STREAMS]
        bodies = [[bare.post(PATH, json=ASKED).content for _ in _calls(name)] for name in STREAMS]
    return {
        name: [Given(*asked, body) for asked, body in zip(each, of_each, strict=True)]
        for name, each, of_each in zip(STREAMS, with_boto3, bodies, strict=True)
    }


def _asked(client: Any) -> tuple[Events, str | None]:
    events: Events = []
    with closing(client.invoke_agent(**AGENT, sessionId="session", **ASKED)["completion"]) as stream:
        try:
            for event in stream:
                events.append(event)
        except EventStreamError as error:
            return events, error.response["Error"]["Code"]
    return events, None


@cache
def _calls(name: str) -> list[list[Event]]:
    """The stream of each call that the file holds."""
    calls: dict[str, list[Event]] = {}
    for event in decoded((CORPUS / name).read_bytes()).events:
        if event.kind not in ("request", "response"):
            calls.setdefault(event.trace_id, []).append(event)
    return list(calls.values())


def _facts(events: list[Event]) -> list[tuple[str, str]]:
    """What the events say, step by step; but for `__type`, which AWS writes and boto3 leaves out."""
    facts: list[tuple[str, str]] = []
    for event in decoded(b"\n".join(msgspec.json.encode(_untyped(event.body)) for event in events)).events:
        if event.part is None:
            facts.append((event.kind, event.event_id))
            continue
        for step in event.part.steps or event.part.unknown:
            if "traceId" not in step.value and step.step_id:
                step = msgspec.structs.replace(step, value={**step.value, "traceId": step.step_id})
            facts.append(("trace", event_id_of_part(msgspec.structs.replace(event.part, steps=(step,)), 0)))
    return facts


def _untyped(value: object) -> object:
    match value:
        case dict():
            return {name: _untyped(item) for name, item in value.items() if name != "__type"}
        case list():
            return [_untyped(item) for item in value]
    return value


def _shown(spans: list[dict[str, Any]]) -> list[str]:
    """What the steps say. Which agent's they are is not told by an evaluator's merged part, nor by one made of it."""
    fields = ("kind", "name", "started_at", "ended_at", "outcome", "input_tokens", "output_tokens", "summary")
    return sorted(str([span[field] for field in fields]) for span in spans if span["kind"] != "agent")
