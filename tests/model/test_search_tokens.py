"""Texts of any language become tokens that can be found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.model.search.tokens import MOST_CHARACTERS, asked, fold, pieces, tokens

ANY_TEXT = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from('aZ0 _-"*:退款申请カﾞｶがกำနမខ្មែ한국어ı̇ßſẞﬁ\u0301\u0327\u200b\u202e\u1100\u1161\u11a8'),
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my ORDER?", "where is my order"),
        ("A-10422", "a 10422"),
        ("refund_order", "refund order"),
        ("OrderActions__refund_order", "orderactions refund order"),
        ("https://example.com/a?b=C%20d", "https example com a b c 20d"),
        ("anna.b@example.org", "anna b example org"),
        ("Größe STRASSE straße", "grösse strasse strasse"),
        ("退款申请", "退款 款申 申请 请"),
        ("我要退款 A-1", "我要 要退 退款 款 a 1"),
        ("返品したい", "返品 品し した たい い"),
        ("ｶﾞ", "ガ"),
        ("คืนเงิน", "คื ืน นเ เง งิ ิน น"),
        ("환불", "환불 불"),
        ("एक हिन्दी शब्द", "एक हिन्दी शब्द"),
        ("أين طلبي؟", "أين طلبي"),
        ("re\u200bfund re\u00adfund", "refund refund"),
        ("ＡＢＣ１２", "abc12"),
        ("\x00 _ !!! ،", ""),
        ("x" * 100, "x" * MOST_CHARACTERS),
    ],
)
def test_a_text_has_these_tokens(text: str, expected: str) -> None:
    assert tokens(text) == expected.split()


@given(ANY_TEXT)
def test_places_belong_to_the_same_tokens(text: str) -> None:
    found = list(pieces(text))
    assert [piece.token for piece in found] == tokens(text)
    assert all(0 <= piece.start < piece.end <= len(text) for piece in found)
    assert [piece.start for piece in found] == sorted(piece.start for piece in found)


@given(ANY_TEXT)
def test_a_token_is_never_empty_and_holds_no_separator(text: str) -> None:
    for token in tokens(text):
        assert token
        assert token.isascii() is False or token.isalnum()
        assert len(token) <= MOST_CHARACTERS


@given(ANY_TEXT, st.data())
def test_any_part_of_a_text_without_spaces_is_found_in_it(text: str, data: st.DataObject) -> None:
    run = "退款申请成功" + "".join(c for c in text if "\u4e00" <= c <= "\u9fff")
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    wanted, is_open = asked(run[start:end])
    stored = tuple(tokens(run))
    assert not is_open
    assert any(stored[place : place + len(wanted)] == wanted for place in range(len(stored)))


def test_a_place_is_exact_to_the_character() -> None:
    text = "Ｇröße: ｶﾞ退款"
    assert [text[piece.start : piece.end] for piece in pieces(text)] == ["Ｇröße", "ｶﾞ退", "退款", "款"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退", (("退",), True)),
        ("A 退", (("a", "退"), True)),
        ("退款", (("退款",), False)),
        ("退 a", (("退", "a"), False)),
        ("order", (("order",), False)),
        ("!", ((), False)),
    ],
)
def test_only_a_lone_character_at_the_end_is_a_beginning(text: str, expected: tuple[tuple[str, ...], bool]) -> None:
    assert asked(text) == expected


@given(ANY_TEXT)
def test_folding_ignores_case_and_the_invisible(text: str) -> None:
    assert fold(text.replace("\u200b", "")) == fold(text)
