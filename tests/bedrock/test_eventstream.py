"""Frames of application/vnd.amazon.eventstream, both ways."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.eventstream import BadFrame, Frame, FrameDecoder, encode_frame
from tracehub.bedrock.eventstream_headers import HeaderValue

ALL_TYPES: dict[str, HeaderValue] = {
    "true": True,
    "false": False,
    "byte": -5,
    "short": 300,
    "int": -70_000,
    "long": 2**40,
    "bytes": b"\x00\xff",
    "text": "grüß",
    "time": datetime(2025, 5, 1, 12, 30, tzinfo=UTC),
    "uuid": UUID("11111111-2222-4333-8444-555555555555"),
}
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=50),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.uuids(),
)
NAMES = st.text("abcdefgh:-", min_size=1, max_size=20)


def read(data: bytes, size: int = 1 << 20) -> list[Frame | BadFrame]:
    decoder = FrameDecoder()
    out = [frame for start in range(0, len(data), size) for frame in decoder.feed(data[start : start + size])]
    return [*out, *decoder.close()]


def test_every_type_of_header_survives_encoding_and_decoding() -> None:
    assert read(encode_frame(ALL_TYPES, b"body")) == [Frame(ALL_TYPES, b"body")]


def test_botocore_reads_what_is_encoded() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode_frame({":event-type": "trace", "n": 7, "uuid": ALL_TYPES["uuid"]}, b"{}"))
    (event,) = list(buffer)
    assert event.headers == {":event-type": "trace", "n": 7, "uuid": ALL_TYPES["uuid"].bytes}  # type: ignore[union-attr]
    assert event.payload == b"{}"


@given(headers=st.dictionaries(NAMES, VALUES, max_size=4), payload=st.binary(max_size=200), size=st.integers(1, 50))
def test_any_split_of_the_bytes_gives_the_same_frames(
    headers: dict[str, HeaderValue], payload: bytes, size: int
) -> None:
    data = encode_frame(headers, payload) + encode_frame({}, b"") + encode_frame(headers, b"x")
    assert read(data, size) == [Frame(headers, payload), Frame({}, b""), Frame(headers, b"x")]


@given(data=st.binary(max_size=300), place=st.integers(0, 10_000), value=st.integers(0, 255), size=st.integers(1, 99))
def test_damage_never_raises_and_every_byte_comes_out(data: bytes, place: int, value: int, size: int) -> None:
    stream = bytearray(encode_frame({":event-type": "chunk"}, b"{}") + data + encode_frame({}, b"end"))
    stream[place % len(stream)] = value
    length = 0
    for frame in read(bytes(stream), size):
        match frame:
            case BadFrame():
                length += len(frame.data)
            case Frame():
                length += len(encode_frame(frame.headers, frame.payload))
    assert length == len(stream)


@pytest.mark.parametrize(
    ("place", "reason"),
    [(5, "the prelude checksum of a frame is wrong"), (20, "the message checksum of a frame is wrong")],
)
def test_a_bad_frame_is_named_and_the_next_one_read(place: int, reason: str) -> None:
    good, bad = encode_frame({"a": 1}, b"good"), bytearray(encode_frame({"a": 1}, b"broken one"))
    bad[place] ^= 1
    assert read(good + bad + good) == [Frame({"a": 1}, b"good"), BadFrame(reason, bytes(bad)), Frame({"a": 1}, b"good")]


def test_a_stream_cut_inside_a_frame_says_so() -> None:
    data = encode_frame({"a": 1}, b"whole")
    assert read(data + data[:-3]) == [
        Frame({"a": 1}, b"whole"),
        BadFrame("the stream ends in the middle of a frame", data[:-3]),
    ]
