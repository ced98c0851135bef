"""Which call a message belongs to."""

import orjson

from tests.bedrock.decoding import CHILD, RUN, decoded, frame, names, rationale
from tracehub.model.record import Decoded

TOP, SUB = "arn:top", "arn:sub"
ROOT, BELOW = RUN.replace("-", ""), CHILD.replace("-", "")
OTHER = "77777777-2222-4333-8444-555555555555"


def part(step: dict[str, object], *chain: str) -> dict[str, object]:
    callers = [{"agentAliasArn": arn} for arn in chain]
    return {"sessionId": "s", "callerChain": callers, "trace": {"orchestrationTrace": step}}


def opens(run: str = RUN) -> dict[str, object]:
    call = {"agentCollaboratorAliasArn": SUB, "agentCollaboratorName": "sub"}
    return part({"invocationInput": {"agentCollaboratorInvocationInput": call, "traceId": f"{run}-0"}}, TOP)


def ends(client_request_id: str | None = None, run: str = RUN) -> dict[str, object]:
    metadata = {"metadata": {"clientRequestId": client_request_id}} if client_request_id else {}
    output = {
        "agentCollaboratorInvocationOutput": {"agentCollaboratorAliasArn": SUB, **metadata},
        "traceId": f"{run}-0",
    }
    return part({"observation": output}, TOP)


def says(words: str, run: str, *chain: str) -> dict[str, object]:
    return part({"rationale": {"text": words, "traceId": f"{run}-0"}}, *chain)


def log(*messages: object) -> Decoded:
    return decoded(b"\n".join(map(orjson.dumps, messages)))


def traces(result: Decoded) -> list[str]:
    return [event.trace_id for event in result.events]


CHUNK = {"chunk": {"bytes": "SGVsbG8="}}
RETURNED = {"returnControl": {"invocationId": "c1", "invocationInputs": []}}


def test_a_collaborator_belongs_to_the_open_call_of_its_alias() -> None:
    assert traces(log(opens(), says("a", CHILD, TOP, SUB), ends())) == [ROOT] * 3


def test_a_collaborator_belongs_to_the_call_that_names_its_request() -> None:
    assert traces(log(says("t", RUN, TOP), says("a", CHILD, TOP, SUB), ends(CHILD))) == [ROOT] * 3


def test_a_collaborator_without_its_parent_carries_its_own_run() -> None:
    result = log(says("a", CHILD, TOP, SUB), says("b", RUN, TOP))
    assert traces(result) == [BELOW, ROOT]
    assert [event.run_id for event in result.events] == [BELOW, ROOT]


def test_a_call_that_has_ended_takes_no_collaborator() -> None:
    assert traces(log(opens(), ends(), says("a", CHILD, TOP, SUB))) == [ROOT, ROOT, BELOW]


def test_messages_without_ids_go_to_the_call_last_seen_else_to_the_next() -> None:
    result = log(CHUNK, says("a", RUN), CHUNK, says("b", OTHER), CHUNK)
    assert traces(result) == [ROOT, ROOT, ROOT, OTHER.replace("-", ""), OTHER.replace("-", "")]
    assert [event.index for event in result.events] == [0, 1, 2, 0, 1]


def test_equal_chunks_of_a_call_are_two_events_and_an_equal_trace_is_one() -> None:
    result = log(says("a", RUN), says("a", RUN), CHUNK, CHUNK)
    assert [event.kind for event in result.events] == ["trace", "chunk", "chunk"]
    assert len({event.event_id for event in result.events}) == 3
    assert result.records == 4


def test_equal_messages_of_one_stream_are_all_kept() -> None:
    stream = b"".join(frame("trace", orjson.dumps(rationale("a"))) for _ in range(3))
    assert len({event.event_id for event in decoded(stream).events}) == 3


def test_returned_control_belongs_to_the_call_whose_trace_names_it() -> None:
    asked = {"actionGroupInvocationInput": {"invocationId": "c1"}, "traceId": f"{OTHER}-0"}
    result = log(says("a", RUN), RETURNED, RETURNED, part({"invocationInput": asked}))
    assert [(event.kind, event.trace_id) for event in result.events] == [
        ("trace", ROOT),
        ("return_control", OTHER.replace("-", "")),
        ("trace", OTHER.replace("-", "")),
    ]
    assert result.records == 4


def test_a_request_begins_a_new_call() -> None:
    asked = {"request": {"inputText": "hi", "sessionId": "s"}}
    result = log(says("a", RUN), asked, says("b", OTHER), {"request": {"inputText": "again", "sessionId": "s"}}, CHUNK)
    other = OTHER.replace("-", "")
    assert [event.trace_id for event in result.events][:3] == [ROOT, other, other]
    assert len(set(traces(result)[3:])) == 1
    assert traces(result)[3] not in (ROOT, other)


def test_a_call_without_ids_has_the_same_name_in_every_envelope() -> None:
    stream = frame("chunk", b'{"bytes":"SGVsbG8="}')
    assert names(decoded(stream)) == names(log(CHUNK)) == names(decoded(repr({"chunk": {"bytes": b"Hello"}})))


def test_a_stream_belongs_to_its_top_agent_even_where_a_collaborator_speaks_first() -> None:
    messages: list[dict[str, object]] = [says("a", CHILD, TOP, SUB), {"bytes": "SGk="}, says("b", RUN, TOP)]
    stream = b"".join(frame("chunk" if "bytes" in m else "trace", orjson.dumps(m)) for m in messages)
    assert traces(decoded(stream)) == [ROOT] * 3
