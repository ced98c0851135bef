"""Rows and bars of a turn."""

from tests.web.pages.rows import SECOND, SPAN, START, child
from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.web.pages.axis import Axis, ticks
from tracehub.web.pages.session_view import View
from tracehub.web.pages.split import in_words, split_of
from tracehub.web.pages.waterfall import Waterfall, waterfall
from tracehub.web.pages.waterfall_rows import Remarks

AXIS = Axis(START, 6 * SECOND)


def _drawn(*spans: SpanRow, limit: int | None = None) -> Waterfall:
    return waterfall((SPAN, *spans), AXIS, None, limit)


def test_a_rationale_stands_right_before_the_call_it_explains_and_only_there() -> None:
    why = "I need the order."
    drawn = _drawn(
        child(1, "model", 0, 1, rationale=why, iteration=1), child(2, "tool", 1, 2, rationale=why, iteration=1)
    )
    assert [(row.form, row.label, row.name) for row in drawn.rows] == [
        ("phase", "Orchestration", ""),
        ("step", "Model", "model not named"),
        ("why", "Rationale", why),
        ("step", "Tool", "tool"),
    ]


def test_a_rationale_that_explains_no_call_follows_its_model_step() -> None:
    drawn = _drawn(child(1, "model", 0, 1, rationale="Nothing left to do."))
    assert [row.form for row in drawn.rows] == ["phase", "step", "why"]


def test_parallel_calls_share_one_rationale() -> None:
    calls = [child(n, "tool", 1, 2, rationale="Both at once.", iteration=1) for n in (1, 2)]
    assert [row.form for row in _drawn(*calls).rows] == ["phase", "why", "step", "step"]


def test_bars_are_to_scale_on_the_turns_own_axis() -> None:
    bar = _drawn(child(1, "tool", 1.5, 4.5)).bars[0]
    assert (bar.classes, bar.x, bar.width, bar.y) == ("f-tool", "25.00", "50.00", 36)


def test_a_phase_is_a_bracket_around_its_steps() -> None:
    bracket = _drawn(child(1, "model", 0, 3), child(2, "tool", 3, 6)).brackets[0]
    assert (bracket.x, bracket.width) == ("0.00", "100.00")


def test_an_instant_can_be_seen_even_at_the_end() -> None:
    bar = _drawn(child(1, "custom", 6, 6, phase=None)).bars[0]
    assert (bar.x, bar.width) == ("99.70", "0.30")


def test_unknown_times_are_dashes_and_have_no_bar() -> None:
    drawn = _drawn(child(1, "tool", None, None, phase=None))
    assert (drawn.rows[0].offset, drawn.rows[0].duration, drawn.bars) == ("—", "—", ())


def test_derived_times_are_marked_and_hollow() -> None:
    drawn = _drawn(child(1, "tool", 1, 2, times_derived=True, phase=None))
    assert (drawn.rows[0].duration, drawn.bars[0].classes) == ("≈ 1.00 s", "f-tool hollow")


def test_errors_say_whether_they_were_reported_or_inferred() -> None:
    drawn = _drawn(
        child(1, "tool", 1, 2, error_source="reported", outcome=Outcome.FAILED, phase=None),
        child(2, "tool", 2, 3, error_source="inferred", outcome=Outcome.FAILED, phase=None),
    )
    assert [row.mark for row in drawn.rows] == ["✕ Error reported", "✕ Error inferred"]


def test_collaborators_are_nested_with_their_names() -> None:
    helper = child(1, "agent", 0, 5, name="refunds")
    inner = child(2, "model", 1, 2, parent_seq=1, depth=2)
    assert [(row.label, row.classes.split()[1]) for row in _drawn(helper, inner).rows] == [
        ("Orchestration", "p"),
        ("Agent", "d1"),
        ("Orchestration", "p"),
        ("Model", "d3"),
    ]


def test_a_guardrail_between_two_steps_of_a_phase_does_not_split_it() -> None:
    drawn = _drawn(
        child(1, "guardrail", 0, 0.1, phase="guardrail"),
        child(2, "model", 0.2, 1),
        child(3, "guardrail", 1, 1.1, phase="guardrail"),
        child(4, "model", 1.2, 2),
        child(5, "guardrail", 2, 2.1, phase="guardrail"),
    )
    assert [row.label for row in drawn.rows] == [
        "Guardrail",
        "Orchestration",
        "Model",
        "Guardrail",
        "Model",
        "Guardrail",
    ]


def test_what_is_beyond_the_limit_is_counted() -> None:
    drawn = _drawn(*(child(n, "model", n - 1, n, phase=None) for n in range(1, 6)), limit=2)
    assert (len(drawn.rows), drawn.left_out, drawn.height) == (2, 3, 56)


def test_the_split_sums_to_the_turn_and_names_what_nothing_accounts_for() -> None:
    spans = [child(1, "model", 0, 3), child(2, "tool", 3, 4.5), child(3, "tool", 3.5, 4.5)]
    assert in_words(split_of(spans, AXIS)) == "Model 50 %, Tools 25 %, Unaccounted 25 %"


def test_ticks_are_round() -> None:
    assert [tick.label for tick in ticks(AXIS)] == ["2.00 s", "4.00 s", "6.00 s"]


def test_beyond_the_limit_the_rows_around_the_selected_step_are_drawn() -> None:
    spans = (SPAN, *(child(n, "model", n - 1, n, phase=None) for n in range(1, 21)))
    drawn = waterfall(spans, AXIS, spans[15].span_id, 4)
    assert [row.id for row in drawn.rows] == [f"s{spans[n].span_id}" for n in (13, 14, 15, 16)]
    assert (drawn.left_before, drawn.left_out, drawn.height) == (12, 4, 112)


def test_a_hit_shows_the_text_around_what_was_found() -> None:
    failed = child(1, "tool", 1, 2, phase=None, summary="a=1", error_text="Order A-1 was refunded before")
    drawn = waterfall((SPAN, failed), AXIS, None, None, View(find="refunded"), Remarks({failed.span_id}))
    assert drawn.rows[0].note == "Order A-1 was refunded before"
    assert [piece.text for piece in drawn.rows[0].note_marks if piece.hit] == ["refunded"]
