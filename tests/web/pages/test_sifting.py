"""Steps that a view hides leave a line behind; errors never go."""

from tests.web.pages.rows import SECOND, SPAN, START, child
from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.session_view import View
from tracehub.web.pages.waterfall import Waterfall, waterfall

WHY = "I need the order."
CALLS = (
    child(1, "model", 0, 1, rationale=WHY, iteration=1),
    child(2, "tool", 1, 2, rationale=WHY, iteration=1),
    child(3, "model", 2, 3, iteration=1),
    child(4, "retrieval", 3, 4, iteration=1),
)
HELPER = (
    child(1, "model", 0, 1),
    child(2, "agent", 1, 5, name="refunds"),
    child(3, "model", 1, 2, parent_seq=2, depth=2),
    child(4, "tool", 2, 3, parent_seq=2, depth=2, error_source="reported", outcome=Outcome.FAILED),
    child(5, "model", 5, 6),
)


def _drawn(spans: tuple[SpanRow, ...], view: View, selected: str | None = None) -> Waterfall:
    return waterfall((SPAN, *spans), Axis(START, 6 * SECOND), selected, None, view)


def _words(drawn: Waterfall) -> list[str]:
    return [row.label or row.name for row in drawn.rows]


def test_hidden_steps_leave_one_quiet_line_with_their_number() -> None:
    assert _words(_drawn(CALLS, View(kinds=("tool",)))) == [
        "Orchestration",
        "1 step hidden",
        "Rationale",
        "Tool",
        "2 steps hidden",
    ]


def test_an_error_stays_with_the_path_to_it() -> None:
    expected = ["Orchestration", "1 step hidden", "Agent", "Orchestration", "1 step hidden", "Tool", "1 step hidden"]
    assert _words(_drawn(HELPER, View(errors=True))) == expected
    assert _words(_drawn(HELPER, View(kinds=()))) == expected


def test_a_turn_without_errors_is_one_line_where_only_errors_are_asked_for() -> None:
    drawn = _drawn(CALLS, View(errors=True))
    assert [(row.form, row.name, row.href) for row in drawn.rows] == [
        ("hidden", "4 steps hidden", f"?#s{CALLS[0].span_id}")
    ]
    assert (drawn.height, drawn.bars) == (28, ())


def test_the_step_of_the_panel_stays() -> None:
    assert _words(_drawn(CALLS, View(kinds=("tool",)), CALLS[3].span_id))[-2:] == ["1 step hidden", "Knowledge"]


def test_links_keep_the_view() -> None:
    row = next(row for row in _drawn(CALLS, View(kinds=("tool",))).rows if row.form == "step")
    assert row.href.startswith("?kind=tool&step=")
