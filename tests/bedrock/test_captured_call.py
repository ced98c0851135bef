"""What the proxy saw of a call gives what importing the recorded stream gives, however it was cut into pieces."""

import base64
import itertools

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.captured_call import Answered, CapturedCall, Closed, Opened, State, decoded
from tracehub.bedrock.decode import decode
from tracehub.bedrock.eventstream import encode_frame
from tracehub.bedrock.found import Findings
from tracehub.model.record import Event, Limits, Record

REQUEST_ID = "3d5bd0b6-5f0f-4b5d-9a0f-9c2f3e0f7a11"
STREAM = Answered(
    status=200,
    headers=[("content-type", "application/vnd.amazon.eventstream"), ("x-amzn-requestid", REQUEST_ID)],
)
OPENED = Opened(call_id="c0ffee00-0000-4000-8000-000000000000", request={"agentId": "AGENT12345", "inputText": "hi"})
CHUNK = b'{"bytes":"%s"}' % base64.b64encode(b"the same")
TRACE = (
    b'{"agentId":"AGENT12345","sessionId":"s","trace":{"orchestrationTrace":{"rationale":{"text":"because","traceId":'
    b'"%s-0"}}}}' % REQUEST_ID.encode()
)


def _frame(name: str, payload: bytes, kind: str = "event") -> bytes:
    return encode_frame({f":{kind}-type": name, ":message-type": kind}, payload)


BODY = _frame("trace", TRACE) + _frame("chunk", CHUNK) + _frame("chunk", CHUNK)


@given(st.lists(st.integers(0, len(BODY)), max_size=12), st.booleans())
def test_pieces_of_any_size_and_a_change_of_reader_give_the_same(cuts: list[int], changes: bool) -> None:
    findings = Findings(Limits())
    state = State(opened=OPENED, opened_at=1_000_000)
    call = CapturedCall(state, findings)
    call.answered(STREAM, 1_500_000)
    places = sorted({0, len(BODY), *cuts})
    for start, end in itertools.pairwise(places):
        if changes:
            kept = msgspec.msgpack.decode(msgspec.msgpack.encode(call.state), type=State)
            call = CapturedCall(kept, findings)
        call.data(BODY[start:end], 2_000_000)
    call.closed(Closed(end="complete"), 3_000_000)
    found = decoded(findings)
    imported = decode(Record(data=BODY, source="file", received_at=0), Limits())
    assert not found.quarantined
    assert _ids(found.events, "trace", "chunk") == _ids(imported.events, "trace", "chunk")
    assert [event.kind for event in found.events] == ["request", "trace", "chunk", "chunk", "response"]
    assert {event.trace_id for event in found.events} == {REQUEST_ID.replace("-", "")}
    assert len({event.event_id for event in found.events}) == 5


def test_each_message_has_the_time_at_which_its_last_byte_came() -> None:
    findings = Findings(Limits())
    call = CapturedCall(State(opened=OPENED, opened_at=1_000_000), findings)
    call.answered(STREAM, 1_500_000)
    call.data(BODY[:10], 2_000_000)
    call.data(BODY[10:], 2_500_000)
    call.closed(Closed(end="complete"), 3_000_000)
    times = [str(event.body["receivedAt"])[17:26] for event in decoded(findings).events]
    assert times == ["01.000000", "02.500000", "02.500000", "02.500000", "03.000000"]


def test_a_refusal_is_the_exception_that_the_sdk_raises() -> None:
    findings = Findings(Limits())
    call = CapturedCall(State(opened=OPENED, opened_at=0), findings)
    refused = [("x-amzn-errortype", "ThrottlingException:http://x"), ("x-amzn-requestid", REQUEST_ID)]
    call.answered(Answered(status=429, headers=[*refused, ("content-type", "application/json")]), 1)
    call.data(b'{"message":', 2)
    call.data(b'"slow down"}', 3)
    call.closed(Closed(end="complete"), 4)
    events = decoded(findings).events
    assert [event.kind for event in events] == ["request", "exception", "response"]
    assert events[1].body["throttlingException"] == {"message": "slow down"}


def test_a_call_without_an_answer_is_kept_under_its_own_id() -> None:
    findings = Findings(Limits())
    call = CapturedCall(State(opened=OPENED, opened_at=0), findings)
    call.closed(Closed(end="failed", error="AWS did not answer"), 1)
    events = decoded(findings).events
    assert [event.kind for event in events] == ["request", "response"]
    assert {event.trace_id for event in events} == {OPENED.call_id.replace("-", "")}


def test_damaged_frames_go_to_quarantine_and_the_rest_is_kept() -> None:
    findings = Findings(Limits())
    call = CapturedCall(State(opened=OPENED, opened_at=0), findings)
    call.answered(STREAM, 1)
    damaged = bytearray(_frame("trace", TRACE))
    damaged[-6] ^= 1
    call.data(bytes(damaged) + _frame("chunk", b"no json") + BODY, 2)
    call.data(BODY[: len(BODY) // 2], 3)
    call.closed(Closed(end="failed", error="broken"), 4)
    found = decoded(findings)
    kinds = [event.kind for event in found.events]
    assert kinds == ["request", "trace", "chunk", "chunk", "response"]
    assert len(found.quarantined) == 3


def _ids(events: tuple[Event, ...], *kinds: str) -> list[str]:
    return [event.event_id for event in events if event.kind in kinds]
