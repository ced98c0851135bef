"""How pages write durations, moments, amounts and hostile characters."""

import pytest

from tests.web.pages.rows import SECOND, START
from tracehub.web.pages.amounts import money, share, size, tokens
from tracehub.web.pages.durations import duration, offset
from tracehub.web.pages.moments import ago, exact
from tracehub.web.pages.short_names import model_name, tool_name
from tracehub.web.pages.visible import one_line, visible


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (None, "—"),
        (0, "0 ms"),
        (120, "< 1 ms"),
        (1000, "1 ms"),
        (421_300, "421 ms"),
        (999_600, "1.00 s"),
        (6_640_000, "6.64 s"),
        (22_900_000, "22.9 s"),
        (59_990_000, "1 m 00 s"),
        (125_000_000, "2 m 05 s"),
        (3_900_000_000, "1 h 05 m"),
        (183_600_000_000, "2 d 03 h"),
        (-5000, "−5 ms"),
    ],
)
def test_durations(microseconds: int | None, text: str) -> None:
    assert duration(microseconds) == text


def test_an_unknown_offset_is_a_dash_not_a_zero() -> None:
    assert (offset(None), offset(0), offset(3_320_000)) == ("—", "+0 ms", "+3.32 s")


def test_a_moment_names_its_zone_and_keeps_its_milliseconds() -> None:
    moment = exact(START + 123_456)
    assert moment is not None
    assert (moment.iso, moment.text) == ("2025-11-22T08:26:40.123Z", "2025-11-22 08:26:40.123 UTC")


def test_a_moment_in_a_list_is_relative() -> None:
    texts = [moment.text for s in (5, 180, 7200, 200_000, 800_000) if (moment := ago(START - s * SECOND, START))]
    assert texts == ["just now", "3 min ago", "2 h ago", "2 d ago", "2025-11-13"]


def test_a_moment_beyond_the_calendar_is_unknown() -> None:
    assert exact(2**62) is None


def test_what_has_no_price_is_not_free() -> None:
    assert [money(None), money(None, 0), money(0.0), money(0.00001), money(0.0034), money(12.5)] == [
        "no price",
        "—",
        "$0",
        "< $0.0001",
        "$0.0034",
        "$12.50",
    ]


def test_amounts() -> None:
    assert (tokens(None, None), tokens(2000, 155), size(212_000), share(1, 1000)) == ("—", "2,155", "212.0 KB", "< 1 %")


def test_characters_that_hide_or_reorder_text_become_visible() -> None:
    assert visible("a\x00b\x1b[31m\u202egnp\u2066\x85") == "a␀b␛[31m⟦U+202E⟧gnp⟦U+2066⟧⟦U+0085⟧"


def test_line_ends_tabs_and_joined_emoji_stay() -> None:
    assert visible("a\r\nb\tc 👩\u200d🚀") == "a\nb\tc 👩\u200d🚀"


def test_a_lone_surrogate_can_be_written() -> None:
    assert visible("\ud800x").encode() == "⟦U+D800⟧x".encode()


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("one\n two   three", 9) == "one two…"


def test_short_names() -> None:
    assert model_name("us.anthropic.claude-3-5-haiku-20241022-v1:0") == "claude-3-5-haiku"
    assert model_name(None) == "model not named"
    assert tool_name("GET__Orders__/orders/{id}") == ("GET /orders/{id}", "Orders")
    assert tool_name("plain") == ("plain", "")
