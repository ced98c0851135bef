"""What is found is found where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.model.search.hits import hits
from tracehub.model.search.query import Field, QuerySyntaxError, parse_query
from tracehub.model.search.texts import SearchedText


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("order", "An Order, orders, ORDER", ["Order", "ORDER"]),
        ("ord*", "An Order, orders", ["Order", "orders"]),
        ('"of stock"', "out of stock, of a stock", ["of stock"]),
        ("refund_order", "OrderActions__refund_order", ["refund_order"]),
        ("a b", "a b", ["a", "b"]),
        ("order -late", "late order", ["order"]),
        ("question:order", "order", []),
        ("any:order", "order", ["order"]),
        ("退款申请", "我的退款申请呢", ["退款申请"]),
        ("退", "请退款，退", ["退", "退"]),
        ("STRASSE", "Die Straße", ["Straße"]),
        ("คืน", "ฉันคืนเงิน", ["คืน"]),
        ("طلبي", "أين طلبي؟", ["طلبي"]),
        ("refund", "re\u200bfund", ["re\u200bfund"]),
        ("zzz", "order", []),
    ],
)
def test_these_characters_are_found(query: str, text: str, marked: list[str]) -> None:
    places = hits(SearchedText("0" * 16, Field.ANSWER, text), parse_query(query))
    assert [text[start:end] for start, end in places] == marked


@given(st.text(max_size=60), st.text(max_size=10))
def test_places_are_in_order_and_apart(text: str, typed: str) -> None:
    try:
        query = parse_query(typed)
    except QuerySyntaxError:
        return
    flat = [place for pair in hits(SearchedText("0" * 16, Field.CODE, typed + text), query) for place in pair]
    assert flat == sorted(set(flat))
    assert all(0 <= place <= len(typed + text) for place in flat)
