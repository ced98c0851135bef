"""The times of a call and its caller are told where they were seen, and unknown where not."""

import pytest

from tracehub.bedrock.call_times import call_times, caller_of
from tracehub.bedrock.decode import decode
from tracehub.model.record import Limits, Record
from tracehub.model.trace import Caller, CallTimes

LINE = '{"tracehub":1,"requestId":"3d5bd0b6-5f0f-4b5d-9a0f-9c2f3e0f7a11","index":%d,"at":"2026-11-23T08:00:%s0Z",%s}'


def test_the_times_of_a_recorded_call() -> None:
    lines = [
        LINE % (0, "01.00000", '"request":{"agentId":"A"}'),
        LINE % (1, "03.00000", '"event":{"chunk":{"bytes":"YQ=="}}'),
        LINE % (2, "04.00000", '"event":{"chunk":{"bytes":"Yg=="}}'),
        LINE % (3, "05.00000", '"response":{"startedAt":"2026-11-23T08:00:02Z","end":"complete","sessionId":"s"}'),
    ]
    found = decode(Record(data="\n".join(reversed(lines)).encode(), source="x", received_at=0), Limits()).events
    times = call_times(found)
    assert times.asked_at is not None
    later = (times.answered_at, times.first_text_at, times.closed_at)
    assert [at - times.asked_at for at in later if at] == [1_000_000, 2_000_000, 4_000_000]


def test_what_nobody_saw_is_unknown() -> None:
    found = decode(Record(data=b'{"chunk":{"bytes":"YQ=="}}', source="x", received_at=0), Limits()).events
    assert call_times(found) == CallTimes()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
    ],
)
def test_what_is_no_traceparent_names_no_caller(given: str) -> None:
    assert caller_of({"traceparent": given}) is None


def test_a_traceparent_names_the_caller() -> None:
    given: dict[str, object] = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    assert caller_of(given) == Caller(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7")
