"""Real captures and the demo set through the proxy: callers get to the byte what they get without it, tracehub all."""

import json
import socket
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.bedrock.decoding import decoded
from tests.collecting import Content, imported
from tests.proxy.asking import Answer, received, signed, written
from tests.proxy.signing.requests import Wire
from tests.proxying import Proxying, proxying
from tests.replaying import replaying
from tests.stores import content
from tests.test_corpus import CAPTURES, CORPUS, WITHOUT_TRACE
from tracehub.app import open_app
from tracehub.demo.generate import generate, write
from tracehub.settings import Settings

# A stream and its decode are the same calls.
STREAMS = [
    name
    for name in CAPTURES
    if name not in WITHOUT_TRACE and not (name.endswith(".json") and name.replace(".json", ".bin") in CAPTURES)
]
DEMO = "the demo set"
# Told anew by the call: whose trace names neither session nor request, is named by the proxy's request.
_OF_THE_CALL = {"trace_id", "span_id", "session_id", "session_reported", "event_count"}
_IN_PATH = {"agentId", "agentAliasId", "sessionId", "enableTrace"}
_PATIENCE = 60


class Call(NamedTuple):
    """A call that was recorded, with its trace and spans as importing the file stores them."""

    source: str
    trace: dict[str, Any]
    spans: list[dict[str, Any]]


class Passed(NamedTuple):
    """What a call got without the proxy and through it, and what the proxy's tracehub then holds of it."""

    call: Call
    direct: Answer
    through: Answer
    stored: Content


@pytest.fixture(scope="module", params=[True, False], ids=["traced", "not traced"])
def passed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Passed]:
    """Every call, whose caller asks for its trace or does not, one after the other."""
    folder = tmp_path_factory.mktemp("proxy")
    calls = _calls(f"sqlite:///{folder / 'imported.db'}")
    files = [CORPUS / name for name in STREAMS]
    options = ("--match", "any", "--speed", "0", "--request-ids", "recorded")
    with (
        replaying(*files, _demo(), options=options) as bare,
        replaying(*files, _demo(), options=options) as upstream,
        proxying(upstream, folder) as run,
    ):
        asked = enumerate(zip(calls, _requests(calls), strict=True))
        wires = [_wire(run, call, number, rest, request.param) for number, (call, rest) in asked]
        direct = _asked(bare, wires)
        through = _asked(run.address, wires)
    assert "Traceback" not in (folder / "errors.txt").read_text()
    with open_app(Settings(database_url=f"sqlite:///{folder / 'tracehub.db'}")) as app:
        stored = content(app.database)
    assert len(stored["traces"]) == len(calls)
    return [Passed(*each, stored) for each in zip(calls, direct, through, strict=True)]


def test_callers_get_what_they_get_without_the_proxy(passed: list[Passed]) -> None:
    for call, direct, through, _ in passed:
        assert (through.status, through.is_whole) == (direct.status, direct.is_whole), call.source
        assert through.body == direct.body, call.source
        assert _lasting(through) == _lasting(direct), call.source
    assert len(passed) > 300


def test_tracehub_holds_the_traces_that_importing_the_files_gives(passed: list[Passed]) -> None:
    for call, _, through, stored in passed:
        trace_id = UUID(through.header("x-amzn-requestid")).hex
        (trace,) = (each for each in stored["traces"] if each["trace_id"] == trace_id)
        spans = [each for each in stored["spans"] if each["trace_id"] == trace_id]
        assert len(spans) == len(call.spans), call.source
        for held, of_file in zip([trace, *spans], [call.trace, *call.spans], strict=True):
            assert held == {**held, **_known(of_file, call)}, call.source


def _known(row: dict[str, Any], call: Call) -> dict[str, Any]:
    """What the file tells. Captures lack their requests, which the proxy has seen: question, agent and session."""
    if call.source == DEMO:
        return {name: value for name, value in row.items() if name != "first_text_us"}  # Only the proxy saw it.
    told = {name: value for name, value in row.items() if value is not None and name not in _OF_THE_CALL}
    if "name" in told and told["name"] in ("agent", row["agent_id"]):
        del told["name"]
    if call.trace["session_reported"] and "session_id" in row:
        told["session_id"] = call.trace["session_id"]
    return told


def _calls(url: str) -> list[Call]:
    """Every call in the order of its source, as a database holds it into which all sources were imported."""
    sources = [*((name, (CORPUS / name).read_bytes()) for name in STREAMS), (DEMO, _demo())]
    whole = imported(url, *(data for _, data in sources))
    traces = {trace["trace_id"]: trace for trace in whole["traces"]}
    spans: dict[str, list[dict[str, Any]]] = {}
    for span in whole["spans"]:
        spans.setdefault(span["trace_id"], []).append(span)
    return [
        Call(name, traces[trace_id], spans[trace_id])
        for name, data in sources
        for trace_id in dict.fromkeys(event.trace_id for event in decoded(data).events)
    ]


@cache
def _demo() -> bytes:
    out = BytesIO()
    write(generate(seed=7, sessions=100, until=datetime(2026, 11, 20, tzinfo=UTC)), out)
    return out.getvalue()


def _wire(run: Proxying, call: Call, number: int, asked: dict[str, Any], traced: bool) -> Wire:
    """The call as it was made, as far as the recording tells; `asked` is the rest of its request."""
    trace = call.trace
    session = trace["session_id"] if trace["session_reported"] else f"session-{number}"
    agent = f"{trace['agent_id'] or 'AGENT'}/agentAliases/{trace['alias_id'] or 'ALIAS'}/sessions/{session}/text"
    body = {"inputText": trace["question"] or "hello", **asked, **({"enableTrace": True} if traced else {})}
    return signed(run, "POST", f"/agents/{session if trace['inline'] else agent}", json.dumps(body).encode())


def _requests(calls: list[Call]) -> list[dict[str, Any]]:
    """What is recorded of each call's request but for its ids; nothing of captures."""
    of_demo = [json.loads(line)["request"] for line in _demo().splitlines()]
    kept = [{name: value for name, value in each.items() if name not in _IN_PATH} for each in of_demo]
    return [{} for _ in range(len(calls) - len(kept))] + kept


def _asked(address: str, wires: list[Wire]) -> list[Answer]:
    url = urlsplit(address)
    answers = []
    for wire in wires:
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=_PATIENCE) as connection:
            connection.sendall(written(wire))
            answers.append(received(connection))
    return answers


def _lasting(answer: Answer) -> list[tuple[str, str]]:
    return [each for each in answer.told if each[0] != "x-amzn-requestid"]
