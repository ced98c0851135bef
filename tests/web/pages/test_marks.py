"""Hits are marked in pieces, whatever the text and what is looked for."""

from hypothesis import given
from hypothesis import strategies as st

from tracehub.web.pages.marks import Piece, line_with, pieces


def test_what_is_looked_for_is_a_piece_of_its_own_in_any_case() -> None:
    assert pieces("Refund the refund", "refund") == (
        Piece("Refund", True),
        Piece(" the ", False),
        Piece("refund", True),
    )


def test_a_text_without_a_hit_has_no_pieces() -> None:
    assert pieces("nothing here", "refund") == pieces("x", "") == pieces("", "x") == ()


@given(st.text(max_size=60), st.text(min_size=1, max_size=3))
def test_the_pieces_are_the_text(shown: str, find: str) -> None:
    assert "".join(piece.text for piece in pieces(shown, find)) in ("", shown)


def test_a_hit_far_behind_is_shown_with_what_stands_before_it() -> None:
    line = line_with("a " * 500 + "needle in the hay", "NEEDLE", 60)
    assert line.startswith("…a a")
    assert "needle" in line
    assert len(line) <= 60
