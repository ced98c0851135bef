"""A line cut out of a text marks what was found, and nothing in the text can change the page."""

from hypothesis import given
from hypothesis import strategies as st

from tracehub.web.pages.highlight import MOST, Bit, highlighted


def test_what_was_found_is_marked() -> None:
    assert highlighted("Where is my order?", [(0, 5), (12, 17)]) == (
        Bit("Where", True),
        Bit(" is my ", False),
        Bit("order", True),
        Bit("?", False),
    )


def test_a_long_text_is_cut_at_a_space_before_the_first_place() -> None:
    text = "word " * 100 + "found here" + " word" * 100
    first, *rest = highlighted(text, [(500, 505)])
    assert first == Bit("…", False)
    assert rest[0].text.startswith("word word")
    assert Bit("found", True) in rest
    assert rest[-1] == Bit("…", False)


def test_markup_stays_text_and_what_reorders_is_visible() -> None:
    bits = highlighted("<mark>\u202eevil\u202c\x00</mark>", [(7, 11)])
    assert [bit.text for bit in bits] == ["<mark>⟦U+202E⟧", "evil", "⟦U+202C⟧␀</mark>"]


def test_lines_become_one() -> None:
    assert [bit.text for bit in highlighted("a\n\n  b\tc", [(5, 6)])] == ["a ", "b", " c"]


def test_characters_without_spaces_are_cut_too() -> None:
    bits = highlighted("退" * 500, [(200, 202)])
    assert [bit.text for bit in bits if bit.marked] == ["退退"]
    assert sum(len(bit.text) for bit in bits) == MOST + 2


@given(st.text(max_size=400), st.lists(st.integers(0, 400), unique=True))
def test_any_places_in_any_text_can_be_marked(text: str, cuts: list[int]) -> None:
    within = sorted(cut for cut in cuts if cut <= len(text))
    places = list(zip(within[::2], within[1::2], strict=False))
    assert all(bit.text for bit in highlighted(text, places))
