"""Each envelope that people keep traces in, at its smallest."""

import gzip
from base64 import b64encode
from collections.abc import Callable

import orjson
import pytest
import zstandard

from tests.bedrock.decoding import RUN, decoded, found, frame, names, rationale
from tracehub.bedrock.eventstream import encode_frame

PART = rationale("think", agentId="A", agentAliasId="B")
TEXT = orjson.dumps(PART).decode()
PRETTY = orjson.dumps(PART, option=orjson.OPT_INDENT_2).decode()
WRAPPED = {"trace": PART}
STEP = {"rationale": {"text": "think", "traceId": f"{RUN}-0"}}
FLAT = {"agentId": "A", "agentAliasId": "B", "sessionId": "s", **STEP}
LAMBDA = {"level": "INFO", "location": "handler:7", "message": PART}
SUBSCRIPTION = {
    "messageType": "DATA_MESSAGE",
    "logEvents": [{"id": "1", "timestamp": 1, "message": f"2025-01-01T00:00:00Z INFO {TEXT}\n"}],
}

ENVELOPES: dict[str, tuple[bytes | str, int]] = {
    "1 frames": (frame("trace", orjson.dumps(PART)), 0),
    "2 wrapped line": (orjson.dumps(WRAPPED) + b"\n", 0),
    "2 bare line": (TEXT, 0),
    "2 CRLF and BOM": (b"\xef\xbb\xbf" + TEXT.encode() + b"\r\n", 0),
    "2 UTF-16": (TEXT.encode("utf-16"), 0),
    "2 pretty": (PRETTY, 0),
    "3 list": (f"[{TEXT}]", 0),
    "3 pretty list": (orjson.dumps([PART], option=orjson.OPT_INDENT_2), 0),
    "5 prefix": (f"[2025-01-01 00:00:00,000] p1 {{app.py:1}} INFO - {TEXT}\nplain words\n", 1),
    "5 prefix, pretty": (f"INFO starting\n[2025-01-01] {{app.py:1}} INFO - {PRETTY}\nINFO done\n", 2),
    "6 repr": (f"dict_keys(['trace'])\n{WRAPPED!r}\n", 1),
    "6 list of repr": (repr([WRAPPED]), 0),
    "6 pprint": (f"{{'trace': {TEXT[:-1]},\n  'more': 'a '\n          'b'}}}}", 0),
    "7 JSON in repr": (f"BedrockAgentAction(tool='t', log='', trace_log='[{TEXT}]')", 0),
    "8 flattened": (orjson.dumps(FLAT), 0),
    "9 console": (orjson.dumps({"Step_1": FLAT}), 0),
    "11 Lambda": (b"START RequestId: 1\n" + orjson.dumps(LAMBDA) + b"\nEND RequestId: 1\nREPORT RequestId: 1\n", 3),
    "12 subscription": (gzip.compress(orjson.dumps(SUBSCRIPTION)), 0),
    "12 export": (f"2025-01-01T00:00:00.000Z {TEXT}\n", 0),
    "12 gzip in gzip": (gzip.compress(gzip.compress(TEXT.encode())), 0),
    "12 zstd": (zstandard.compress(TEXT.encode()), 0),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_an_envelope_gives_the_event_whatever_stands_around_it(name: str) -> None:
    data, ignored = ENVELOPES[name]
    result = decoded(data)
    assert (found(result), result.ignored, result.quarantined) == (1, ignored, ())
    assert names(result) == names(decoded(TEXT)), name


@pytest.mark.parametrize("shape", [{"orchestrationTrace": STEP}, STEP, {"step": STEP}])
def test_only_the_union_or_the_step_is_an_event_without_owner(shape: object) -> None:
    result = decoded(orjson.dumps(shape))
    assert [(event.kind, event.run_id) for event in result.events] == [("trace", RUN.replace("-", ""))]


def test_objects_run_together_are_read_one_by_one() -> None:
    other = orjson.dumps(rationale("again")).decode()
    result = decoded(TEXT + other + TEXT)
    assert (found(result), len(result.events), result.ignored) == (3, 2, 0)


def test_raw_is_what_was_received() -> None:
    spaced = '{"sessionId": "s",  "trace": {"guardrailTrace": {"traceId": "x", "n": 1.50}}}'
    assert decoded(spaced).events[0].raw == spaced.encode()
    assert decoded(f"INFO {spaced}").events[0].raw == spaced.encode()
    assert decoded(f'[\n {{"trace": {spaced}}}]').events[0].raw == f'{{"trace": {spaced}}}'.encode()


EXCHANGE = {
    "request": {"agentId": "A", "agentAliasId": "B", "sessionId": "s", "inputText": "hi"},
    "ResponseMetadata": {"RequestId": "aaaaaaaa-2222-4333-8444-555555555555", "HTTPStatusCode": 200},
    "sessionId": "s",
    "completion": [WRAPPED, {"chunk": {"bytes": "SGVsbG8="}}, {"chunk": {"bytes": "SGVsbG8="}}],
}


@pytest.mark.parametrize("write", [orjson.dumps, lambda value: orjson.dumps([value], option=orjson.OPT_INDENT_2)])
def test_an_exchange_document_is_one_call_with_its_request_and_response(write: Callable[[object], bytes]) -> None:
    result = decoded(write(EXCHANGE))
    assert [(event.kind, event.index) for event in result.events] == [
        ("request", 0),
        ("trace", 1),
        ("chunk", 2),
        ("chunk", 3),
        ("response", 4),
    ]
    assert {event.trace_id for event in result.events} == {RUN.replace("-", "")}
    assert orjson.loads(result.events[0].raw) == {"request": EXCHANGE["request"]}
    response = {name: EXCHANGE[name] for name in ("ResponseMetadata", "sessionId")}
    assert orjson.loads(result.events[-1].raw) == {"response": response}
    assert result.records == 5


def test_a_call_without_trace_is_named_by_its_request_id() -> None:
    result = decoded(orjson.dumps({**EXCHANGE, "completion": [{"chunk": {"bytes": "SGVsbG8="}}]}))
    assert {event.trace_id for event in result.events} == {"aaaaaaaa222243338444555555555555"}


def test_exported_events_are_read_back_as_they_were() -> None:
    first = decoded(orjson.dumps(EXCHANGE))
    assert names(decoded(b"\n".join(event.raw for event in first.events))) == names(first)


@pytest.mark.parametrize(
    ("data", "raw"),
    [
        (
            encode_frame(
                {":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow"}'
            ),
            {"throttlingException": {"message": "slow"}},
        ),
        (
            encode_frame(
                {":message-type": "error", ":error-code": "InternalServerException", ":error-message": "no"}, b""
            ),
            {"internalServerException": {"message": "no"}},
        ),
        (b'{"validationException": {"message": "bad"}}', {"validationException": {"message": "bad"}}),
        (
            b"EventStreamError: An error occurred (throttlingException) when calling the InvokeAgent operation: slow",
            {"throttlingException": {"message": "slow"}},
        ),
    ],
)
def test_an_exception_is_an_event_in_every_form(data: bytes, raw: object) -> None:
    (event,) = decoded(data).events
    assert (event.kind, orjson.loads(event.raw)) == ("exception", raw)


def test_what_holds_no_trace_is_counted_as_ignored() -> None:
    log = {"schemaType": "ModelInvocationLog", "requestId": "1", "input": {}}
    for data in (orjson.dumps(log), b"words\n", b'{"request": {"method": "GET"}}', b'{"trace": {"id": "1"}}', b"5"):
        assert (decoded(data).records, decoded(data).ignored) == (1, 1), data
    assert decoded(orjson.dumps([log, log])).ignored == 2
    assert decoded(b"").records == 0


def test_a_member_newer_than_this_code_is_kept() -> None:
    part = {"agentId": "A", "sessionId": "s", "trace": {"dreamTrace": {"traceId": f"{RUN}-0", "text": "sheep"}}}
    (event,) = decoded(orjson.dumps(part)).events
    assert (event.kind, event.trace_id, event.body) == ("trace", RUN.replace("-", ""), part)


@pytest.mark.parametrize(
    "broken",
    [
        TEXT[:-1],
        PRETTY[:-3].rstrip(),
        PRETTY.replace('"think"', '"thi\nnk"'),
        repr(WRAPPED)[:-2],
        '{"trace": {"orchestrationTrace": "text"}}',
        TEXT.replace('"sessionId":"s"', '"sessionId":oops'),
    ],
)
def test_a_broken_trace_is_quarantined_whole_and_its_neighbours_read(broken: str) -> None:
    result = decoded(f"{TEXT}\n{broken}\n{TEXT}\n")
    assert (found(result), len(result.events), result.ignored) == (2, 1, 0)
    (piece,) = result.quarantined
    assert piece.data == broken.encode()
    assert piece.size == len(piece.data)
    assert piece.reason


def test_the_whole_messages_of_a_list_that_is_cut_are_read() -> None:
    result = decoded(f"[{TEXT},{orjson.dumps(rationale('b')).decode()},{TEXT[:-5]}")
    assert (len(result.events), len(result.quarantined)) == (2, 1)


def test_what_firehose_could_not_deliver_is_read_from_its_backup() -> None:
    records = (gzip.compress(orjson.dumps(SUBSCRIPTION)), TEXT.encode(), gzip.compress(b"x")[:-3])
    lines = [orjson.dumps({"attemptsMade": 5, "rawData": b64encode(data).decode()}) for data in records]
    lines.append(orjson.dumps({"attemptsMade": 5, "rawData": "no base64"}))
    read = decoded(b"\n".join(lines))
    assert len({event.event_id for event in read.events}) == 1
    assert [piece.reason.partition(":")[0] for piece in read.quarantined] == [
        "a record that Firehose could not deliver is damaged",
        "a record that Firehose could not deliver is not base64",
    ]


def test_a_line_of_the_recorder_names_its_call_itself() -> None:
    line = {
        "tracehub": 1,
        "requestId": RUN,
        "index": 7,
        "at": "2026-11-23T08:00:00.000001Z",
        "event": {"chunk": {"bytes": "aGk="}},
    }
    again = {**line, "index": 9, "repeat": 1}
    first, second = decoded(orjson.dumps(line)).events + decoded(orjson.dumps(again)).events
    assert first.trace_id == second.trace_id == RUN.replace("-", "")
    assert (first.index, second.index) == (7, 9)
    assert first.event_id != second.event_id
    assert first.raw == b'{"chunk":{"bytes":"aGk="},"receivedAt":"2026-11-23T08:00:00.000001Z"}'


@pytest.mark.parametrize(
    "line",
    [
        {"tracehub": 2, "requestId": RUN, "event": {"trace": {}}},
        {"tracehub": 1, "requestId": RUN},
        {"tracehub": 1, "requestId": RUN, "event": {"unheard": {}}},
        {"tracehub": 1, "requestId": RUN, "event": []},
    ],
)
def test_a_line_of_the_recorder_that_is_not_understood_is_kept(line: dict[str, object]) -> None:
    read = decoded(orjson.dumps(line))
    assert (len(read.events), len(read.quarantined)) == (0, 1)
    assert read.quarantined[0].data == orjson.dumps(line)
