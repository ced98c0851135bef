"""The same stream through another envelope, or in pieces that know nothing of each other, is the same trace."""

import base64
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores import content, empty, migrated, store
from tests.traffic import demo_lines
from tracehub.bedrock.decode import decode
from tracehub.bedrock.eventstream import encode_frame
from tracehub.model.record import Event, Limits, Record

SESSIONS = 20
Message = dict[str, Any]


def test_frames_lines_lists_and_reprs_of_a_stream_store_the_same(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        for messages in _streams():
            results = []
            for write in (_frames, _json_lines, _repr_lines, _pretty_log):
                empty(database)
                store(database, _decoded(write(messages)))
                results.append(content(database))
            assert results[0] == results[1] == results[2] == results[3]


def test_two_envelopes_of_one_stream_are_one_trace(database_url: str) -> None:
    with migrated(database_url) as database:
        for messages in _streams()[:12]:
            store(database, _decoded(_frames(messages)))
        before = content(database)
        for messages in _streams()[:12]:
            counts = store(database, _decoded(_json_lines(messages)))
            assert (counts.events, counts.traces) == (0, 0)
        assert content(database) == before


def test_events_that_arrive_one_by_one_in_any_order_find_their_trace(database_url: str) -> None:
    """Each line is a record of its own, so collaborators come without knowing their supervisor."""
    lines = [json.dumps(message).encode() for messages in _streams() for message in messages if "trace" in message]
    with migrated(database_url) as database:
        store(database, [event for line in lines for event in _decoded(line)])
        expected = content(database)
        nested = [row for row in expected["spans"] if row["kind"] == "agent" and row["depth"] == 2]
        assert nested

        @settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.randoms(use_true_random=False))
        def scrambled(chance: random.Random) -> None:
            empty(database)
            shuffled = chance.sample(lines, len(lines))
            for start in range(0, len(shuffled), 60):
                store(database, [event for line in shuffled[start : start + 60] for event in _decoded(line)])
            assert content(database) == expected

        scrambled()


@pytest.mark.parametrize("seed", range(3))
def test_damage_to_a_stream_never_stops_the_pipeline_nor_loses_a_record(sqlite_url: str, seed: int) -> None:
    chance = random.Random(seed)
    with migrated(sqlite_url) as database:
        for messages in _streams():
            for write in (_frames, _json_lines, _repr_lines):
                data = bytearray(write(messages))
                for _ in range(chance.randint(1, 8)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                found = decode(Record(data=bytes(data), source="damaged", received_at=0), Limits())
                assert found.records >= found.ignored + len(found.quarantined)
                store(database, found.events)


def _streams() -> list[list[Message]]:
    """The messages of every demo call, calls without any traced step left out."""
    exchanges = [json.loads(line) for line in demo_lines(SESSIONS).splitlines()]
    return [each["completion"] for each in exchanges if any("trace" in message for message in each["completion"])]


def _decoded(data: bytes) -> tuple[Event, ...]:
    found = decode(Record(data=data, source="test", received_at=0), Limits())
    assert not found.quarantined
    return found.events


def _frames(messages: list[Message]) -> bytes:
    return b"".join(_frame(*next(iter(message.items()))) for message in messages)


def _frame(name: str, payload: Message) -> bytes:
    kind = {":message-type": "exception", ":exception-type": name} if name.endswith("Exception") else None
    headers = kind or {":message-type": "event", ":event-type": name}
    return encode_frame({**headers, ":content-type": "application/json"}, json.dumps(payload).encode())


def _json_lines(messages: list[Message]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def _repr_lines(messages: list[Message]) -> bytes:
    return "".join(f"{_as_botocore(message)!r}\n" for message in messages).encode("utf-8", "surrogateescape")


def _pretty_log(messages: list[Message]) -> bytes:
    dump: Callable[[Message], str] = lambda message: json.dumps(message, indent=2, sort_keys=True)  # noqa: E731
    return "".join(f"[2026-11-20 10:00:00,000] p1 INFO - {dump(message)}\n" for message in messages).encode()


def _as_botocore(message: Message) -> Message:
    """Blobs as bytes, as botocore hands them to its caller."""
    if "chunk" in message:
        return {"chunk": {**message["chunk"], "bytes": base64.b64decode(message["chunk"]["bytes"])}}
    if "files" in message:
        files = [{**file, "bytes": base64.b64decode(file["bytes"])} for file in message["files"]["files"]]
        return {"files": {"files": files}}
    return message
