"""Any text fits a text column of both databases."""

from hypothesis import given
from hypothesis import strategies as st

from tests.stores import migrated
from tracehub.store import return_controls
from tracehub.store.return_controls import Exchange
from tracehub.store.text import clean, excerpt

HOSTILE = ["a\x00b", "\ud800", "\udfff tail", "\u202eevil", "💥" * 400, "x" * 10_000, ""]


def test_hostile_texts_come_back_as_they_were_cleaned(database_url: str) -> None:
    cleaned = {str(clean(text, 300)) for text in HOSTILE}
    with migrated(database_url) as database:
        with database.writing() as connection:
            return_controls.add(connection, {text: Exchange("0" * 32, None) for text in cleaned})
        with database.reading() as connection:
            assert set(return_controls.find(connection, cleaned)) == cleaned


@given(st.text(st.characters(codec=None, categories=None)), st.integers(min_value=1, max_value=50))
def test_clean_text_is_encodable_and_within_its_limit(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert cleaned is not None
    assert len(cleaned) <= limit
    assert "\x00" not in cleaned
    cleaned.encode()


def test_what_is_left_out_is_marked() -> None:
    assert clean("a\x00b\ud800c") == "a␀b?c"
    assert clean("abcdef", 4) == "abc…"
    assert excerpt("  two\n\n lines ", 40) == "two lines"
    assert clean(None) is None
