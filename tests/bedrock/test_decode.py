"""Whatever arrives: decoding never raises, never loses a piece, and names what it refuses."""

import gzip
import random
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bedrock.decoding import RUN, decoded, found, frame, in_chunks, names, rationale
from tracehub.bedrock.events import parse_event
from tracehub.model.record import Decoded, Limits

LINE = orjson.dumps(rationale("think"))
LINES = b"".join(orjson.dumps(rationale(f"thought {number}")) + b"\n" for number in range(2000))
TIGHT = Limits(max_event_bytes=10_000, max_depth=20, max_document_bytes=100_000, quarantine_bytes=100)


def check(result: Decoded) -> None:
    """The accounts are right, and every event can be stored and read back."""
    assert found(result) >= len(result.events)
    assert len({(event.trace_id, event.event_id) for event in result.events}) == len(result.events)
    for event in result.events:
        assert b"\n" not in event.raw
        assert len(bytes.fromhex(event.trace_id)) == len(bytes.fromhex(event.event_id)) == 16
        again = parse_event(event.kind, event.event_id, event.run_id, event.trace_id, event.index, event.raw)
        assert again.body == event.body


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    check(decoded(data))
    check(decoded(frame("trace", data)))
    check(decoded(b"INFO " + LINE + data + LINE))


@given(st.text("[]{}()'\"\\:,=trace1\n \x00\ud800", max_size=80), st.integers(1, 40))
def test_no_text_raises_and_batches_account_for_the_same(text: str, size: int) -> None:
    data = LINE + b"\n" + text.encode("utf-8", "surrogatepass")
    whole = decoded(data)
    check(whole)
    assert sum(batch.records for batch in in_chunks(data, size)) == whole.records


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_mutation_of_a_capture_raises(corpus_dir: Path, seed: int) -> None:
    chance = random.Random(seed)
    file = chance.choice(sorted(path for path in corpus_dir.iterdir() if path.stat().st_size < 70_000))
    data = bytearray(file.read_bytes())
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[start] = chance.randrange(256)
            case 1:
                del data[start : start + chance.randrange(50)]
            case _:
                data[start:start] = data[:50]
    check(decoded(bytes(data)))


HOSTILE = {
    "nesting": b"[" * 1_000_000,
    "objects": b'{"a":' * 200_000,
    "braces": b"{" * 1_000_000,
    "unterminated": b'{"x' * 300_000,
    "quotes": b"'" * 1_000_000,
    "escaped quotes": b'{"' + b'\\"' * 500_000,
    "calls": b"f(" * 500_000,
    "named calls": b"f(traceId=" * 100_000,
    "keys": b'{"trace":{' * 100_000,
    "lists of traces": b'["traceId",' * 100_000,
    "broken objects": b'{"traceId":x' * 50_000,
    "broken lines": b'{"traceId":\n' * 50_000,
    "bytes": b"b'" * 500_000,
    "spaces": b"[ " + b" " * 1_000_000,
    "names": b"a." * 500_000,
    "digits": b"[" + b"9" * 1_000_000,
    "placeholders": b"[<" * 500_000,
    "lines": b"[\n" * 500_000,
    "NUL": b"\x00" * 1_000_000,
    "valid nesting": b'{"trace":' * 900 + b"1" + b"}" * 900,
    "nesting in a frame": frame("trace", b"[" * 500_000),
    "preludes": b"\x00\x00\x00\x10\x00\x00\x00\x00" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_ends(name: str) -> None:
    check(decoded(HOSTILE[name]))


def test_nesting_beyond_the_limit_is_refused_by_name() -> None:
    deep: object = "x"
    for _ in range(30):
        deep = [deep]
    part = {"trace": {"orchestrationTrace": {"rationale": {"text": deep, "traceId": f"{RUN}-0"}}}}
    (piece,) = decoded(orjson.dumps(part), TIGHT).quarantined
    assert "max_depth (20)" in piece.reason
    assert (piece.size, len(piece.data)) == (len(orjson.dumps(part)), 100)
    assert decoded(orjson.dumps(part)).quarantined == ()


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: b'{"completion":[' + data + b'],"sessionId":"s"}'])
def test_an_event_beyond_the_limit_is_refused_by_name(wrap: object) -> None:
    data = orjson.dumps(rationale("x" * 20_000))
    result = decoded(wrap(data), TIGHT)  # type: ignore[operator]
    assert ["max_event_bytes (10000)" in piece.reason for piece in result.quarantined] == [True]


def test_values_that_strict_json_lacks_are_replaced() -> None:
    values = r'"text": "a\ud800b\u0000", "n": NaN, "big": 1e400, "i": 18446744073709551616'
    (event,) = decoded(f'{{"orchestrationTrace": {{"rationale": {{"traceId": "{RUN}-0", {values}}}}}}}').events
    rationale_read = event.body["orchestrationTrace"]["rationale"]  # type: ignore[index]
    assert rationale_read == {
        "traceId": f"{RUN}-0",
        "text": "a\ufffdb\x00",
        "n": None,
        "big": None,
        "i": 18446744073709551616.0,
    }


def test_invalid_utf_8_is_replaced_in_the_text_and_kept_in_quarantine() -> None:
    data = LINE.replace(b"think", b"th\xffink")
    (event,) = decoded(data).events
    assert "th\ufffdink".encode() in event.raw
    assert decoded(data[:-3]).quarantined[0].data == data[:-3]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_stopped_at_the_ratio(pack: object) -> None:
    bomb = pack(b" " * 50_000_000)  # type: ignore[operator]
    for result in (decoded(bomb), *in_chunks(bomb, 1000)):
        assert [piece.reason for piece in result.quarantined] == ["it unfolds beyond max_decompression_ratio (100)"]


def test_a_bomb_within_a_bomb_is_stopped() -> None:
    bomb = gzip.compress(gzip.compress(b" " * 50_000_000))
    assert len(decoded(bomb).quarantined) == 1


def test_content_beyond_the_document_limit_is_refused() -> None:
    noise = gzip.compress(random.Random(1).randbytes(200_000))
    assert ["max_document_bytes (100000)" in piece.reason for piece in decoded(noise, TIGHT).quarantined] == [True]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_what_a_truncated_archive_still_holds_is_read(pack: object) -> None:
    noisy = b"".join(orjson.dumps(rationale(random.Random(n).randbytes(30).hex())) + b"\n" for n in range(5000))
    packed = pack(noisy)  # type: ignore[operator]
    result = decoded(packed[: len(packed) // 2])
    assert 1000 < len(result.events) < 4000
    assert "the compressed data is cut off" in [piece.reason for piece in result.quarantined]


def test_members_of_an_archive_are_read_on_and_junk_behind_them_is_told() -> None:
    packed = gzip.compress(LINE + b"\n") + gzip.compress(orjson.dumps(rationale("b"))) + b"\0" * 7
    assert (len(decoded(packed).events), decoded(packed).quarantined) == (2, ())
    (piece,) = decoded(packed + b"junk").quarantined
    assert piece.reason == "something follows the compressed data"


@pytest.mark.parametrize("size", [100, 7_777, 1 << 20])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_long_source_gives_the_same_in_batches(pack: object, size: int) -> None:
    lines = b"".join(orjson.dumps(rationale("x" * 500, f"{n:08x}{RUN[8:]}")) + b"\n" for n in range(12_000))
    data = pack(lines)  # type: ignore[operator]
    batches = in_chunks(data, size, Limits(max_decompression_ratio=100_000))
    assert len(batches) > 2
    assert [name for batch in batches for name in names(batch)] == names(decoded(lines))


def test_a_long_document_over_many_lines_gives_the_same_in_batches() -> None:
    document = orjson.dumps([rationale(f"{n}" * 100) for n in range(20_000)], option=orjson.OPT_INDENT_2)
    batches = in_chunks(document, 100_000)
    assert [name for batch in batches for name in names(batch)] == names(decoded(document))
    assert sum(len(batch.quarantined) + batch.ignored for batch in batches) == 0


def test_a_long_stream_of_frames_is_one_call_in_batches() -> None:
    stream = frame("chunk", b'{"bytes":"SGk="}') * 20 + b"".join(
        frame("trace", orjson.dumps(rationale("x" * 900 + str(n)))) for n in range(5000)
    )
    batches = in_chunks(stream, 100_000)
    assert len(batches) > 2
    assert [name for batch in batches for name in names(batch)] == names(decoded(stream))


def test_a_list_larger_than_a_document_may_be_is_read_object_by_object() -> None:
    document = orjson.dumps([rationale(f"{n}") for n in range(20_000)], option=orjson.OPT_INDENT_2)
    batches = in_chunks(document, 100_000, TIGHT)
    assert sum(len(batch.events) for batch in batches) == 20_000
    assert sum(len(batch.quarantined) + batch.ignored for batch in batches) == 0


def test_an_endless_line_is_quarantined_and_its_neighbours_read() -> None:
    data = LINE + b"\n" + b"x" * 3_000_000 + b"\n" + LINE.replace(b"think", b"again") + b"\n"
    batches = in_chunks(data, 50_000, TIGHT)
    assert sum(len(batch.events) for batch in batches) == 2
    (piece,) = [piece for batch in batches for piece in batch.quarantined]
    assert "max_document_bytes" in piece.reason
    assert (piece.size >= 2_900_000, len(piece.data)) == (True, 100)
