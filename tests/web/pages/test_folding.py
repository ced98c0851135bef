"""Folded iterations and collaborators are one line each, which tells of errors and interventions inside."""

from starlette.datastructures import QueryParams

from tests.web.pages.rows import SECOND, SPAN, START, TRACE_ID, child
from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.axis import Axis
from tracehub.web.pages.session_view import View, query_of, read_view
from tracehub.web.pages.waterfall import Waterfall, waterfall

STEPS = (
    child(1, "model", 0, 1, iteration=1),
    child(2, "tool", 1, 2, iteration=1, rationale="I need it.", error_source="reported", outcome=Outcome.FAILED),
    child(3, "guardrail", 2, 2.1, iteration=1, phase="guardrail", outcome=Outcome.BLOCKED),
    child(4, "model", 3, 4, iteration=2),
    child(5, "tool", 4, 5, iteration=2),
)
HELPER = (
    child(1, "model", 0, 1, iteration=1),
    child(2, "agent", 1, 5, iteration=1, name="refunds"),
    child(3, "model", 1, 2, parent_seq=2, depth=2, iteration=1),
    child(4, "tool", 2, 3, parent_seq=2, depth=2, iteration=1, error_source="inferred", outcome=Outcome.FAILED),
    child(5, "model", 5, 6, iteration=2),
)


def _drawn(spans: tuple[SpanRow, ...], *folded: str, selected: str | None = None, **view: bool) -> Waterfall:
    asked = View(fold=frozenset(folded), **view)  # type: ignore[arg-type]
    return waterfall((SPAN, *spans), Axis(START, 6 * SECOND), selected, None, asked)


def _words(drawn: Waterfall) -> list[str]:
    return [row.label or row.name for row in drawn.rows]


def test_a_folded_iteration_is_one_row_with_all_its_bars() -> None:
    drawn = _drawn(STEPS, STEPS[0].span_id)
    folded = drawn.rows[1]
    assert _words(drawn) == ["Orchestration", "Iteration 1", "Model", "Tool"]
    assert (folded.note, folded.duration) == ("3 steps · tool", "2.10 s")
    assert [badge.text for badge in folded.inside] == ["1 error", "1 intervention"]
    assert [bar.classes for bar in drawn.bars if bar.y == 36] == ["f-model", "f-guardrail", "f-err"]
    assert drawn.height == 4 * 28


def test_a_turn_is_folded_whole_and_one_iteration_of_it_opened_again() -> None:
    assert _words(_drawn(STEPS, TRACE_ID)) == ["Orchestration", "Iteration 1", "Iteration 2"]
    assert _words(_drawn(STEPS, TRACE_ID, STEPS[3].span_id)) == ["Orchestration", "Iteration 1", "Model", "Tool"]
    assert _words(_drawn(STEPS, "all", TRACE_ID)) == _words(_drawn(STEPS))


def test_a_folded_collaborator_keeps_its_row_and_tells_what_is_inside() -> None:
    drawn = _drawn(HELPER, f"{HELPER[1].span_id}-inside")
    row = next(row for row in drawn.rows if row.label == "Agent")
    assert _words(drawn) == ["Orchestration", "Model", "Agent", "Model"]
    assert [badge.text for badge in row.inside] == ["1 error"]
    assert [link.text for link in row.links] == ["+ 2 steps"]


def test_what_nests_is_folded_with_what_it_stands_in() -> None:
    drawn = _drawn(HELPER, HELPER[0].span_id)
    assert _words(drawn) == ["Orchestration", "Iteration 1", "Model"]
    assert drawn.rows[1].note == "4 steps · refunds · tool"


def test_the_step_of_the_panel_is_never_folded_away() -> None:
    assert _words(_drawn(STEPS, "all", selected=STEPS[4].span_id)) == ["Orchestration", "Iteration 1", "Model", "Tool"]


def test_each_fold_link_leads_back() -> None:
    opened = _drawn(STEPS)
    folded = _drawn(STEPS, STEPS[0].span_id)
    assert opened.rows[1].links[0].href == f"?fold={STEPS[0].span_id}#s{STEPS[0].span_id}"
    assert folded.rows[1].href == f"?#s{STEPS[0].span_id}"
    assert opened.fold
    assert opened.fold.href == f"?fold={TRACE_ID}"
    assert folded.fold
    assert folded.fold.href == "?"


def test_opening_a_turn_that_everything_folds_names_the_turn() -> None:
    drawn = _drawn(STEPS, "all", STEPS[0].span_id)
    assert drawn.fold
    assert drawn.fold.href == f"?fold={TRACE_ID},all"
    again = _drawn(STEPS, *read_view(QueryParams(drawn.fold.href[1:])).fold)
    assert _words(again) == _words(_drawn(STEPS))


def test_folds_and_hidden_kinds_go_together() -> None:
    assert _words(_drawn(STEPS, "all", errors=True)) == ["Orchestration", "Iteration 1", "2 steps hidden"]


def test_only_names_that_can_be_folded_are_read() -> None:
    word = f"{'a' * 16},{'b' * 32},{'c' * 16}-inside,all,<script>,x"
    assert query_of(read_view(QueryParams({"fold": word}))) == f"fold={'a' * 16},all,{'b' * 32},{'c' * 16}-inside"
