"""Faults on demand, as boto3 meets them."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from tests.aws.logs_server import client_of
from tests.replay.asking import AGENT, Events, answer_in, ask, runtime_of
from tests.replay.exchanges import exchange
from tests.replaying import replaying
from tracehub.bedrock.eventstream import BadFrame, Frame, FrameDecoder
from tracehub.errors import PermanentError
from tracehub.replay.faults import Fault, parse_fault, parse_faults, united
from tracehub.replay.recording import Refusal

PATH = "/agents/AGENT/agentAliases/ALIAS/sessions/session/text"
ASKED = {"inputText": "hello", "enableTrace": True}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """An endpoint without faults of its own: each call names what strikes it."""
    with replaying(exchange(1), options=("--match", "any", "--speed", "0")) as running:
        yield running


@contextmanager
def struck_by(address: str, fault: str) -> Iterator[Any]:
    """A client all of whose calls name this fault."""
    with runtime_of(address) as client:
        client.meta.events.register(
            "before-call.bedrock-agent-runtime",
            lambda params, **_: params["headers"].update({"x-tracehub-fault": fault}),
        )
        yield client


@contextmanager
def served(*faults: str) -> Iterator[Any]:
    options = [word for fault in faults for word in ("--fault", fault)]
    with (
        replaying(exchange(1), options=("--match", "session", "--speed", "0", *options)) as address,
        runtime_of(address) as client,
    ):
        yield client


@pytest.mark.parametrize(("count", "got"), [(0, 0), (3, 3), (9, 4)])
def test_throttling_in_the_stream_ends_it_after_so_many_frames(address: str, count: int, got: int) -> None:
    with struck_by(address, f"throttle@{count}") as client:
        events, error = _read(client)
    assert len(events) == got
    assert isinstance(error, EventStreamError)
    assert error.response["Error"]["Code"] == "throttlingException"


@pytest.mark.parametrize(("count", "got"), [(0, 0), (2, 2), (9, 4)])
def test_a_cut_stream_breaks_the_connection(address: str, count: int, got: int) -> None:
    with struck_by(address, f"cut@{count}") as client:
        events, error = _read(client)
    assert len(events) == got
    assert isinstance(error, ProtocolError)


def test_a_cut_falls_into_the_middle_of_a_frame(address: str) -> None:
    decoder = FrameDecoder()
    frames: list[Frame | BadFrame] = []
    with (
        httpx.Client(base_url=address, headers={"x-tracehub-fault": "cut@2"}) as client,
        client.stream("POST", PATH, json=ASKED) as response,
    ):
        pieces = response.iter_raw()
        with pytest.raises(httpx.RemoteProtocolError):
            frames.extend(frame for piece in pieces for frame in decoder.feed(piece))
    frames += decoder.close()
    assert [type(frame) for frame in frames] == [Frame, Frame, BadFrame]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "ValidationException"), (429, "ThrottlingException"), (503, "ServiceUnavailableException")],
)
def test_an_error_in_place_of_the_stream_is_shaped_as_awss(address: str, status: int, code: str) -> None:
    with struck_by(address, f"http={status}") as client, pytest.raises(ClientError) as refused:
        ask(client)
    told = refused.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == status
    assert told["Error"] == {"Code": code, "Message": f"tracehub replay was told to answer {status}"}
    assert told["ResponseMetadata"]["RequestId"]


def test_slow_frames_are_waited_for(address: str) -> None:
    """Only the lower bound of the wait is certain; the exact waits are test_timing's."""
    began = time.monotonic()
    with struck_by(address, "slow=30ms") as client:
        events, error = _read(client)
    assert time.monotonic() - began >= 0.12
    assert (answer_in(events), error) == ("answer 1", None)


def test_a_call_may_be_spared(address: str) -> None:
    with struck_by(address, "none") as client:
        assert _read(client)[1] is None


def test_what_is_no_fault_is_refused(address: str) -> None:
    with struck_by(address, "explode") as client, pytest.raises(ClientError) as refused:
        ask(client)
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "x-tracehub-fault: 'explode' is no fault: throttle@N, cut@N, slow=200ms, http=503, each also with "
        ":every=N",
    }


def test_every_third_call_is_struck_and_a_refused_one_takes_no_turn() -> None:
    with served("http=429:every=3") as client:
        found = [_outcome(client, session) for session in ("other", "other", "session", "session", "session")]
    not_found, throttled = "ResourceNotFoundException", "ThrottlingException"
    assert found == [not_found, not_found, throttled, "answer 1", not_found]


def test_boto3_tries_again_what_was_throttled() -> None:
    options = ("--match", "any", "--speed", "0", "--fault", "http=503:every=2")
    config = Config(retries={"total_max_attempts": 3, "mode": "standard"})
    with (
        replaying(exchange(1), options=options) as address,
        client_of(address, "bedrock-agent-runtime", config=config) as client,
    ):
        responses = [client.invoke_agent(**AGENT, sessionId="session", inputText="hello") for _ in range(2)]
        for response in responses:
            response["completion"].close()
    assert [response["ResponseMetadata"]["RetryAttempts"] for response in responses] == [0, 1]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("throttle@3", Fault(throttle=3)),
        ("cut@0:every=2", Fault(cut=0, every=2)),
        ("slow=200ms", Fault(slow=200_000)),
        (" slow=1.5s ", Fault(slow=1_500_000)),
        (
            "http=502",
            Fault(refusal=Refusal(502, "BadGatewayException", "tracehub replay was told to answer 502")),
        ),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text", ["", "throttle", "throttle@", "cut@-1", "slow=fast", "slow=3", "http=200", "http=50", "cut@1:every=0"]
)
def test_what_names_no_fault_is_refused_with_what_may_be_named(text: str) -> None:
    with pytest.raises(PermanentError, match=r"is no fault: throttle@N|is no answer of Bedrock's: 400, 403"):
        parse_fault(text)


def test_several_faults_strike_as_one() -> None:
    assert united(parse_faults("slow=1ms,cut@5,slow=2ms,throttle@7,cut@2")) == Fault(throttle=7, cut=2, slow=3000)
    assert parse_faults("none") == ()


def _read(client: Any) -> tuple[Events, Exception | None]:
    """What came before the stream's error, and the error."""
    events: Events = []
    with closing(client.invoke_agent(**AGENT, sessionId="session", **ASKED)["completion"]) as stream:
        try:
            for event in stream:
                events.append(event)
        except (EventStreamError, ProtocolError) as error:
            return events, error
    return events, None


def _outcome(client: Any, session: str) -> str:
    try:
        return answer_in(ask(client, session))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
