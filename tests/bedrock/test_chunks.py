"""A chunk's text in every form that loggers write its bytes."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.chunks import chunk_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("SGVsbG8=", b"Hello"),
        ("b'it\\'s \\xe2\\x9c\\x93'", "it's ✓".encode()),
        ("Hello there.", b"Hello there."),
        ("Sure", b"Sure"),
        ("Done", b"Done"),
        ("", b""),
        ([72, 105], b"Hi"),
        ({"0": 72, "1": 105}, b"Hi"),
        ({"type": "Buffer", "data": [72, 105]}, b"Hi"),
        ({"0": 72, "2": 105}, b""),
        (5, b""),
        (None, b""),
    ],
)
def test_each_form(value: object, text: bytes) -> None:
    assert chunk_text({"bytes": value}) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_text_survives_base64(text: str) -> None:
    assert chunk_text({"bytes": b64encode(text.encode()).decode()}) == text.encode()


def test_a_chunk_may_be_cut_inside_a_character() -> None:
    data = "a long enough text that ends in ✓".encode()[:-1]
    assert chunk_text({"bytes": b64encode(data).decode()}) == data
