"""All turns on the one time axis of their session, with the pauses between them."""

import msgspec

from tests.web.pages.rows import SECOND, SPAN, START, TRACE, TRACE_ID, child
from tracehub.web.pages.axis import Axis, axis_over
from tracehub.web.pages.turns import Gap, Shown, turns_of

SECOND_TURN = msgspec.structs.replace(
    TRACE, trace_id="0b" * 16, started_at=START + 15 * SECOND, ended_at=START + 20 * SECOND
)
TURNS = (TRACE, SECOND_TURN)


def test_the_axis_of_a_session_goes_from_its_first_start_to_its_last_end() -> None:
    assert axis_over((turn.started_at, turn.ended_at) for turn in TURNS) == Axis(START, 20 * SECOND)
    assert axis_over([(None, 5), (3, None)]) is None


def test_bars_and_pauses_are_to_scale_in_the_session() -> None:
    spans = (SPAN, child(1, "tool", 1, 6, phase=None))
    shown = Shown(
        spans={TRACE_ID: spans},
        exchanges={},
        open_turns=frozenset([TRACE_ID]),
        selected=None,
        row_limit=None,
        axis=Axis(START, 20 * SECOND),
    )
    first, second = turns_of("s-1", TURNS, shown)
    assert first.waterfall
    assert (first.waterfall.bars[0].x, first.waterfall.bars[0].width) == ("5.00", "25.00")
    assert (first.gap, first.pause) == (Gap("+6.00 s", "30.00", "45.00"), "9.00 s")
    assert second.gap is None


def test_without_a_session_axis_each_turn_keeps_its_own() -> None:
    shown = Shown(
        spans={TRACE_ID: (SPAN, child(1, "tool", 0, 3, phase=None))},
        exchanges={},
        open_turns=frozenset([TRACE_ID]),
        selected=None,
        row_limit=None,
    )
    first = turns_of("s-1", TURNS, shown)[0]
    assert first.waterfall
    assert (first.waterfall.bars[0].width, first.gap) == ("50.00", None)
