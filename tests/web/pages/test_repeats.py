"""Which calls of a turn are the same: by their whole inputs, never by excerpts."""

from typing import Any

import msgspec

from tests.web.pages.rows import SECOND, SPAN, START, TRACE_ID, child
from tracehub.model.span import Parameter, RetrievalSpan, Span, ToolSpan
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.repeats import next_of, repeated
from tracehub.web.pages.waterfall import waterfall
from tracehub.web.pages.waterfall_rows import Remarks

LONG = "x" * 300


def _tool(span_id: str, tool: str = "get_order", **other: Any) -> ToolSpan:
    place: dict[str, Any] = {"parent_id": None, "phase": None, "run_id": None, "step_id": None}
    return ToolSpan(span_id=span_id, name=tool, tool=tool, **place, **other)


def _given(**values: str) -> tuple[Parameter, ...]:
    return tuple(Parameter(name=name, type="string", value=value) for name, value in values.items())


def _groups(*spans: Span) -> set[tuple[str, ...]]:
    return set(repeated(spans).values())


def test_the_same_tool_with_the_same_input_is_the_same_call() -> None:
    calls = [_tool(name, parameters=_given(id="A-1")) for name in ("a", "b", "c")]
    assert repeated(calls) == dict.fromkeys("abc", ("a", "b", "c"))


def test_the_order_of_arguments_does_not_matter_but_their_ends_do() -> None:
    assert _groups(_tool("a", parameters=_given(x="1", y="2")), _tool("b", parameters=_given(y="2", x="1"))) == {
        ("a", "b")
    }
    assert _groups(_tool("a", parameters=_given(x=LONG + "1")), _tool("b", parameters=_given(x=LONG + "2"))) == set()


def test_another_tool_another_body_or_no_value_is_another_call() -> None:
    assert _groups(_tool("a"), _tool("b", "cancel")) == set()
    assert (
        _groups(_tool("a", request_body={"n": 1}, output="ok"), _tool("b", request_body={"n": 2}, output="ok")) == set()
    )
    empty, unknown = Parameter(name="x", type=None, value=""), Parameter(name="x", type=None, value=None)
    assert _groups(_tool("a", parameters=(empty,)), _tool("b", parameters=(unknown,))) == set()


def test_a_lookup_is_repeated_where_its_query_is_known() -> None:
    lookup = RetrievalSpan(
        span_id="a", parent_id=None, name="kb", phase=None, run_id=None, step_id=None, knowledge_base_id="KB1"
    )
    asked = msgspec.structs.replace(lookup, query="refunds")
    assert _groups(asked, msgspec.structs.replace(asked, span_id="b")) == {("a", "b")}
    assert _groups(lookup, msgspec.structs.replace(lookup, span_id="b")) == set()


def test_after_the_last_repeat_comes_the_first() -> None:
    assert [next_of(name, "abc") for name in "abc"] == ["b", "c", "a"]


def test_a_row_says_how_often_its_call_is_made_and_leads_to_the_next() -> None:
    calls = tuple(child(n, "tool", n, n + 1, phase=None) for n in (1, 2))
    ids = tuple(call.span_id for call in calls)
    remarks = Remarks(repeats=dict.fromkeys(ids, ids))
    rows = waterfall((SPAN, *calls), Axis(START, 6 * SECOND), None, None, remarks=remarks).rows
    assert [link.text for row in rows for link in row.links] == ["×2 same call", "×2 same call"]
    assert rows[0].links[0].href == f"?step={TRACE_ID}.{ids[1]}#s{ids[1]}"
