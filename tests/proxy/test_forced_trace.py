"""The trace is asked for in the caller's stead, and kept from who did not ask."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.eventstream import encode_frame
from tracehub.proxy.forced_trace import TraceFilter, forced


def _frame(name: str, payload: bytes) -> bytes:
    return encode_frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


FRAMES = st.lists(st.tuples(st.sampled_from(["trace", "chunk", "files"]), st.binary(max_size=200)), max_size=8)


@given(FRAMES, st.data())
def test_the_others_go_through_byte_for_byte(frames: list[tuple[str, bytes]], data: st.DataObject) -> None:
    stream = b"".join(_frame(*frame) for frame in frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    places = sorted({0, len(stream), *cuts})
    kept = TraceFilter()
    out = b"".join(kept.feed(stream[a:b]) for a, b in itertools.pairwise(places)) + kept.close()
    assert out == b"".join(_frame(*frame) for frame in frames if frame[0] != "trace")


@given(FRAMES, FRAMES)
def test_a_frame_is_given_as_soon_as_it_is_whole(
    before: list[tuple[str, bytes]], after: list[tuple[str, bytes]]
) -> None:
    kept = TraceFilter()
    whole = b"".join(_frame(*frame) for frame in before)
    half = b"".join(_frame(*frame) for frame in after)[:7]
    assert kept.feed(whole + half) == b"".join(_frame(*frame) for frame in before if frame[0] != "trace")


@given(FRAMES, st.binary(min_size=12, max_size=100).filter(lambda junk: junk[0] > 1))
def test_what_is_no_stream_goes_through_untouched(frames: list[tuple[str, bytes]], junk: bytes) -> None:
    kept = TraceFilter()
    good = b"".join(_frame(*frame) for frame in frames)
    passed = b"".join(_frame(*frame) for frame in frames if frame[0] != "trace")
    assert kept.feed(good + junk) + kept.feed(_frame("trace", b"{}")) == passed + junk + _frame("trace", b"{}")


@pytest.mark.parametrize("body", [b"", b"[]", b"no json", b'{"enableTrace":true}', b'{"enableTrace": true ,"a":1}'])
def test_what_asks_already_or_is_no_object_stays_as_it_is(body: bytes) -> None:
    assert forced(body) is None


@pytest.mark.parametrize("body", [b"{}", b'{"enableTrace":false,"inputText":"\\u00e4 \xc3\xa4 1.50"}', b'{"n":1e400}'])
def test_the_trace_is_asked_for_and_all_else_stays(body: bytes) -> None:
    changed = forced(body)
    assert changed is not None
    assert json.loads(changed) == {**json.loads(body), "enableTrace": True}
    if b"inputText" in body:
        assert b'"\\u00e4 \xc3\xa4 1.50"' in changed
