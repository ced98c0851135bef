"""A query says what a person typed, or why it cannot."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.model.search.query import (
    MOST_TERMS,
    MOST_TEXT,
    MOST_TOKENS,
    Field,
    Query,
    QuerySyntaxError,
    Term,
    parse_query,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("refund Status", [Term(("refund",)), Term(("status",))]),
        ('"out of stock"', [Term(("out", "of", "stock"))]),
        ("„out of stock“", [Term(("out", "of", "stock"))]),
        ("refund* ord*", [Term(("refund",), prefix=True), Term(("ord",), prefix=True)]),
        ('"out of st"*', [Term(("out", "of", "st"), prefix=True)]),
        (
            'order -refund -"no idea"',
            [Term(("order",)), Term(("refund",), negated=True), Term(("no", "idea"), negated=True)],
        ),
        ("order -input:gone", [Term(("order",)), Term(("gone",), Field.TOOL_INPUT, negated=True)]),
        ('Error:"timed out"', [Term(("timed", "out"), Field.ERROR)]),
        ("tool_output:A-10422", [Term(("a", "10422"), Field.TOOL_OUTPUT)]),
        ("output:退", [Term(("退",), Field.TOOL_OUTPUT, prefix=True)]),
        ("any:x", [Term(("x",))]),
        ("退款申请", [Term(("退款", "款申", "申请"))]),
        ("https://example.com/a", [Term(("https", "example", "com", "a"))]),
        ("10:30 --force a & b - c", [Term(("10", "30")), *(Term((word,)) for word in ("force", "a", "b", "c"))]),
        ('{"order_id": "A-1"}', [Term(("order", "id")), Term(("a", "1"))]),
        ("a a A", [Term(("a",))]),
        ("AND OR NOT NEAR", [Term((word,)) for word in ("and", "or", "not", "near")]),
    ],
)
def test_a_query_has_these_terms(text: str, terms: list[Term]) -> None:
    assert parse_query(text) == Query(tuple(terms))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour:red", "there is no field colour; fields are question, answer"),
        ('say "no', "is not closed"),
        ('"', "is not closed"),
        ("-refund", "add a word that must be there"),
        ("", "no letter or digit"),
        ("!!! -", "no letter or digit"),
        ("error: timeout", "error: needs a word right after the colon"),
        ("x" * (MOST_TEXT + 1), f"at most {MOST_TEXT} characters"),
        (" ".join(f"w{number}" for number in range(MOST_TERMS + 1)), f"at most {MOST_TERMS} words"),
        ("a-" * (MOST_TOKENS + 1), f"at most {MOST_TOKENS} words"),
    ],
)
def test_what_is_no_query_is_said_why(text: str, reason: str) -> None:
    with pytest.raises(QuerySyntaxError, match=reason):
        parse_query(text)


@given(st.text(st.one_of(st.characters(), st.sampled_from('"*-:() abAB_退款\x00')), max_size=60))
def test_whatever_is_typed_is_a_query_or_said_not_to_be_one(text: str) -> None:
    with suppress(QuerySyntaxError):
        query = parse_query(text)
        assert query.wanted
        assert all(term.tokens and len(term.tokens) <= MOST_TOKENS for term in query.terms)


@given(st.lists(st.sampled_from(["a", "-b", '"c d"', "question:e", "f*", '-answer:"g h"']), unique=True, min_size=1))
def test_terms_are_read_one_by_one(words: list[str]) -> None:
    with suppress(QuerySyntaxError):
        query = parse_query("  ".join(words))
        assert query.terms == tuple(parse_query(f"x {word}").terms[1] for word in words)
