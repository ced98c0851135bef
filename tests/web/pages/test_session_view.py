"""The query string of a session's page, read and written."""

import pytest
from starlette.datastructures import QueryParams

from tracehub.web.pages.session_view import WHOLE, View, query_of, read_view, switched


@pytest.mark.parametrize(
    "query", ["", "kind=model,tool", "kind=none", "errors=1", "kind=guardrail&errors=1"], ids=lambda query: query or "-"
)
def test_a_view_is_read_as_it_was_written(query: str) -> None:
    assert query_of(read_view(QueryParams(query))) == query


def test_kinds_may_be_repeated_and_unknown_ones_are_no_condition() -> None:
    assert read_view(QueryParams("kind=tool&kind=model,nope")).kinds == ("model", "tool")
    assert read_view(QueryParams("kind=nope&errors=yes")) == WHOLE


def test_switching_the_last_hidden_kind_on_again_is_the_whole_session() -> None:
    hidden = switched(WHOLE, "model", ("model", "tool"))
    assert hidden == View(kinds=("tool",))
    assert switched(hidden, "model", ("model", "tool")) == WHOLE
    assert query_of(switched(hidden, "tool", ("model", "tool"))) == "kind=none"
