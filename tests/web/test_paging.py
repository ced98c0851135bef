"""Cursors come back as they were given out; anything else is refused."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.model.listing import Key
from tracehub.web.filters import BadQueryError
from tracehub.web.paging import Cursor, read_cursor, write_cursor

IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=100)


@given(st.integers(-(2**63), 2**63 - 1), IDS, st.booleans())
def test_a_cursor_is_read_as_it_was_written(ordered_at: int, row: str, newer: bool) -> None:
    key = Key(ordered_at, row)
    assert read_cursor(write_cursor(key, newer=newer)) == Cursor(key, newer)


@pytest.mark.parametrize("content", ['[[9223372036854775808,"a"],true]', '[[1,"\\u0000"],true]', "[[NaN,1],1]", "[]"])
def test_a_forged_cursor_is_refused(content: str) -> None:
    with pytest.raises(BadQueryError, match=r"^cursor: "):
        read_cursor(base64.urlsafe_b64encode(content.encode()).decode())


@given(st.text(st.characters(), min_size=1, max_size=60))
def test_no_word_raises_anything_else(word: str) -> None:
    with suppress(BadQueryError):
        read_cursor(word)
