"""Every event becomes the frames in which AWS would have sent it."""

import json

import pytest

from tests.bedrock.decoding import RUN, decoded, frame, rationale
from tracehub.bedrock.eventstream import Frame, FrameDecoder
from tracehub.bedrock.wire import exception_frame, frames_of

STEP = {"text": "think", "traceId": f"{RUN}-0"}


def sent(source: object) -> list[tuple[str, object]]:
    """Type and payload of the frames that the only event in `source` becomes."""
    [event] = decoded(source if isinstance(source, str) else json.dumps(source)).events
    frames = []
    for each in frames_of(event):
        [whole] = FrameDecoder().feed(each.data)
        assert isinstance(whole, Frame)
        frames.append((each.event_type, json.loads(whole.payload)))
    return frames


def test_what_stands_in_awss_shape_keeps_its_bytes() -> None:
    payload = b'{ "sessionId":"s",  "trace":{"orchestrationTrace":{"rationale":{"text":"\\u00e4 1.0","x":1.50}}}}'
    [event] = decoded(frame("trace", payload)).events
    assert frames_of(event)[0].data == frame("trace", payload)


@pytest.mark.parametrize(
    "source",
    [
        {"trace": rationale("think")},
        rationale("think"),
        {"sessionId": "s", "rationale": STEP},
        {"sessionId": "s", "orchestrationTrace": {"rationale": STEP}},
        {"sessionId": "s", "orchestrationTrace": {"rationale": {"text": "think"}, "traceId": f"{RUN}-0"}},
    ],
)
def test_a_trace_in_any_shape_becomes_a_trace_part(source: object) -> None:
    assert sent(source) == [("trace", {"sessionId": "s", "trace": {"orchestrationTrace": {"rationale": STEP}}})]


def test_a_merged_step_becomes_a_frame_for_each_of_its_members() -> None:
    owner = {
        "agentId": "A",
        "agentAliasId": "B",
        "agentVersion": "3",
        "sessionId": "s",
        "callerChain": [{"agentAliasArn": "arn:aws:bedrock:eu-central-1:1:agent-alias/A/B"}],
        "collaboratorName": "c",
        "eventTime": "2026-11-23T08:00:00.000001Z",
    }
    said = {"traceId": f"{RUN}-0", "text": "prompt"}
    members = {"modelInvocationInput": said, "rationale": STEP}
    assert sent({**owner, "trace": {"orchestrationTrace": members}}) == [
        ("trace", {**owner, "trace": {"orchestrationTrace": {"modelInvocationInput": said}}}),
        ("trace", {**owner, "trace": {"orchestrationTrace": {"rationale": STEP}}}),
    ]


def test_a_part_newer_than_this_code_is_kept() -> None:
    part = {"sessionId": "s", "trace": {"dreamTrace": {"traceId": f"{RUN}-0", "text": "?"}}}
    assert sent({"trace": part}) == [("trace", part)]


@pytest.mark.parametrize(
    "written",
    ['{"chunk": {"bytes": "aMOkbGxv"}}', "{'chunk': {'bytes': b'h\\xc3\\xa4llo'}}", '{"chunk":{"bytes":"hällo"}}'],
)
def test_the_bytes_of_a_chunk_are_base64(written: str) -> None:
    assert sent(written) == [("chunk", {"bytes": "aMOkbGxv"})]


def test_the_attribution_of_a_chunk_stays_with_it() -> None:
    attribution: dict[str, object] = {"citations": [{"generatedResponsePart": {}}]}
    assert sent({"chunk": {"bytes": "hällo", "attribution": attribution}}) == [
        ("chunk", {"bytes": "aMOkbGxv", "attribution": attribution})
    ]
    assert sent({"chunk": {"attribution": attribution}}) == [("chunk", {"attribution": attribution})]


def test_the_bytes_of_files_are_base64() -> None:
    whole = {"name": "a.png", "type": "image/png", "bytes": "iVBORw=="}
    repaired = {"name": "b.txt", "type": "text/plain", "bytes": "aMOkbGxv"}
    assert sent({"files": {"files": [whole]}}) == [("files", {"files": [whole]})]
    assert sent({"files": {"files": [whole, {**repaired, "bytes": "hällo"}, {"name": "c"}]}}) == [
        ("files", {"files": [whole, repaired, {"name": "c"}]})
    ]


def test_returned_control_and_exceptions_are_messages_of_their_own() -> None:
    control = {"invocationId": "1", "invocationInputs": []}
    assert sent({"returnControl": control}) == [("returnControl", control)]
    assert sent({"throttlingException": {"message": "slow"}}) == [("throttlingException", {"message": "slow"})]
    [error] = FrameDecoder().feed(exception_frame("throttlingException", b"{}").data)
    assert isinstance(error, Frame)
    assert error.headers == {
        ":exception-type": "throttlingException",
        ":content-type": "application/json",
        ":message-type": "exception",
    }


def test_an_exception_of_any_name_can_be_sent() -> None:
    name = "x" * 40_000 + "Exception"
    [(event_type, payload)] = sent({name: {"message": "odd"}})
    assert (len(event_type), payload) == (200, {"message": "odd"})


def test_the_request_is_no_part_of_the_stream() -> None:
    assert sent({"request": {"inputText": "hello"}}) == []
