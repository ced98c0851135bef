"""Which recording a call gets."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.replay.asking import AGENT, answer_in, ask, runtime_of
from tests.replay.exchanges import RUN, exchange
from tests.replaying import replaying
from tests.traffic import demo_lines

# The second turn of `one` stands first, as files may hold turns in any order.
RECORDINGS = (
    exchange(2, session="one", text="and then?"),
    exchange(1, session="one", text="hello"),
    exchange(3, session="two", text="hello"),
    exchange(4, session="three", text="hello", agent="OTHER"),
    exchange(
        5, session="four", text=None, sessionState={"invocationId": "control-1", "returnControlInvocationResults": []}
    ),
)


def served(match: str, *options: str) -> Iterator[Any]:
    with (
        replaying(b"".join(RECORDINGS), options=("--match", match, "--speed", "0", *options)) as address,
        runtime_of(address) as client,
    ):
        yield client


@pytest.fixture
def by_session() -> Iterator[Any]:
    yield from served("session")


@pytest.fixture
def by_input() -> Iterator[Any]:
    yield from served("input", "--request-ids", "recorded")


@pytest.fixture
def in_order() -> Iterator[Any]:
    yield from served("any")


def test_by_session_the_nth_call_gets_the_nth_turn(by_session: Any) -> None:
    assert [answer_in(ask(by_session, "one", text)) for text in ("hello", "anything")] == ["answer 1", "answer 2"]
    assert answer_in(ask(by_session, "two")) == "answer 3"
    with pytest.raises(ClientError) as refused:
        ask(by_session, "one")
    assert _refusal(refused.value) == (
        404,
        "ResourceNotFoundException",
        "all recorded turns of session one were replayed: there are 2",
    )
    with pytest.raises(by_session.exceptions.ResourceNotFoundException):
        ask(by_session, "unknown")


def test_by_input_equal_calls_get_their_recordings_in_turn(by_input: Any) -> None:
    assert [answer_in(ask(by_input, "new", "hello")) for _ in range(3)] == ["answer 1", "answer 3", "answer 1"]
    assert answer_in(ask(by_input, "new", " and then?\n")) == "answer 2"
    assert answer_in(ask(by_input, "new", "hello", agentId="OTHER")) == "answer 4"
    with pytest.raises(ClientError) as refused:
        ask(by_input, "new", "and then?", agentId="OTHER")
    assert _refusal(refused.value)[1:] == (
        "ResourceNotFoundException",
        "no call of agent OTHER with this input was recorded",
    )


def test_by_input_the_result_of_returned_control_finds_its_recording(by_input: Any) -> None:
    given = {**AGENT, "sessionId": "new", "sessionState": {"invocationId": "control-1"}}
    assert answer_in(list(by_input.invoke_agent(**given)["completion"])) == "answer 5"


def test_in_order_whatever_is_asked_and_again_from_the_start(in_order: Any) -> None:
    answers = [answer_in(ask(in_order, "new", f"text {number}", agentId="X")) for number in range(7)]
    assert answers == [f"answer {number}" for number in (2, 1, 3, 4, 5, 2, 1)]


def test_inline_agents_are_matched_by_their_input() -> None:
    document = json.loads(exchange(1))
    owned = json.loads(exchange(2))
    for name in ("agentId", "agentAliasId"):
        del document["request"][name]
        for message in document["completion"]:
            message.get("trace", {}).pop(name, None)
    lines = b"\n".join(json.dumps(each).encode() for each in (owned, document))
    with replaying(lines, options=("--match", "input", "--speed", "0")) as address, runtime_of(address) as client:
        response = client.invoke_inline_agent(
            foundationModel="anthropic.claude", instruction="x" * 40, sessionId="inline", inputText="hello"
        )
        assert response["sessionId"] == "inline"
        assert answer_in(list(response["completion"])) == "answer 1"


def test_the_response_names_what_aws_names(in_order: Any) -> None:
    responses = [
        in_order.invoke_agent(**AGENT, sessionId="session:1", inputText="hello", **more)
        for more in ({}, {"memoryId": "memory.1"})
    ]
    for response in responses:
        list(response["completion"])
    told = [{name: response.get(name) for name in ("sessionId", "contentType", "memoryId")} for response in responses]
    ids = [response["ResponseMetadata"]["RequestId"] for response in responses]
    assert told == [
        {"sessionId": "session:1", "contentType": "application/json", "memoryId": None},
        {"sessionId": "session:1", "contentType": "application/json", "memoryId": "memory.1"},
    ]
    assert len(set(ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", each) for each in ids)
    assert {response["ResponseMetadata"]["HTTPHeaders"]["content-type"] for response in responses} == {
        "application/vnd.amazon.eventstream"
    }


def test_the_recorded_request_id_is_given_where_it_is_wanted(by_input: Any) -> None:
    response = by_input.invoke_agent(**AGENT, sessionId="new", inputText="and then?")
    response["completion"].close()
    assert response["ResponseMetadata"]["RequestId"] == f"{RUN}02"


def test_the_demo_is_replayed_in_the_order_of_its_sessions() -> None:
    """Its times are of today and no part of the comparison."""
    first = json.loads(demo_lines(200).splitlines()[0])
    with replaying(options=("--demo", "--match", "any", "--speed", "0")) as address, runtime_of(address) as client:
        events = ask(client)
    assert [next(iter(event)) for event in events] == [next(iter(message)) for message in first["completion"]]
    assert (
        answer_in(events)
        == b"".join(
            base64.b64decode(message["chunk"]["bytes"]) for message in first["completion"] if "chunk" in message
        ).decode()
    )


@pytest.mark.parametrize("asked", [{}, {"enableTrace": False}])
def test_without_enable_trace_traces_are_left_out(in_order: Any, asked: dict[str, bool]) -> None:
    with_trace = ask(in_order)
    without = list(in_order.invoke_agent(**AGENT, sessionId="session", inputText="hello", **asked)["completion"])
    assert [next(iter(event)) for event in with_trace] == ["trace", "trace", "chunk", "chunk"]
    assert [next(iter(event)) for event in without] == ["chunk", "chunk"]


def _refusal(error: ClientError) -> tuple[int, str, str]:
    said = error.response["Error"]
    return error.response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said["Message"]
