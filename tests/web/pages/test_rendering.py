"""The templates, rendered with rows as the store gives them."""

import gzip
import hashlib
import re

import msgspec
import pytest

from tests.conftest import CHECKOUT
from tests.web.pages.rows import SECOND, SESSION, SPAN, START, TRACE, TRACE_ID, child, long_turn
from tracehub.model.listing import SpanRow, StepCounts, TraceRow
from tracehub.model.span import Outcome
from tracehub.web.pages.neighbours import Neighbours
from tracehub.web.pages.plain_pages import render_error_page
from tracehub.web.pages.rendering import page, render_block
from tracehub.web.pages.session_head import head_of
from tracehub.web.pages.session_page import SessionPage
from tracehub.web.pages.session_tools import tools_of
from tracehub.web.pages.session_view import WHOLE, View
from tracehub.web.pages.sessions_page import line_of
from tracehub.web.pages.static_files import static_files
from tracehub.web.pages.turn_pages import turn_page
from tracehub.web.pages.turns import Shown, Turn, turns_of, until_of
from tracehub.web.pages.waterfall_rows import Remarks

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>" style="color:red" onclick="x\u202e\x00{{ 7*7 }}'
_UNSAFE = re.compile(r"<[a-z][^>]*\s(style|on\w+|hx-on[^=]*)\s*=", re.I)
KB = 1024


def _turns(spans: tuple[SpanRow, ...], trace: TraceRow = TRACE) -> tuple[Turn, ...]:
    shown = Shown(
        spans={TRACE_ID: spans}, exchanges={}, open_turns=frozenset([TRACE_ID]), selected=None, row_limit=None
    )
    return turns_of("s-1", [trace], shown)


def _session(turns: tuple[Turn, ...]) -> str:
    context = SessionPage(
        title="s-1",
        head=head_of(SESSION, [TRACE], WHOLE, Neighbours(before=None, after=None, list_href="/sessions")),
        turns=turns,
        pages=turn_page("s-1", [TRACE], "", first=1),
        panel=None,
        lost_step=None,
        tools=tools_of(
            "/sessions/s-1", WHOLE, StepCounts(kinds={}, errors=0), (), None, several_turns=False, can_fold=False
        ),
    )
    return bytes(page("session.html", context).body).decode()


def test_hostile_text_is_shown_as_text() -> None:
    spans = (
        msgspec.structs.replace(SPAN, name=HOSTILE),
        child(1, "tool", 0, 1, name=HOSTILE, rationale=HOSTILE, summary=HOSTILE),
    )
    trace = msgspec.structs.replace(
        TRACE, question=HOSTILE, answer=HOSTILE, missing=HOSTILE, error_source="reported", error_text=HOSTILE
    )
    html = _session(_turns(spans, trace))
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6
    assert "<script>alert" not in html
    assert "<img" not in html
    assert not _UNSAFE.search(html)
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in html


def test_hits_are_marked_and_hostile_text_stays_text() -> None:
    spans = (SPAN, child(1, "tool", 0, 1, name="<mark>", rationale="<b>x</b>", summary="</bdi><script>"))
    shown = Shown(
        spans={TRACE_ID: spans},
        exchanges={},
        open_turns=frozenset([TRACE_ID]),
        selected=None,
        row_limit=None,
        view=View(find="<"),
        remarks=Remarks(frozenset([spans[1].span_id])),
    )
    html = _session(turns_of("s-1", [TRACE], shown))
    assert "<mark>&lt;</mark>mark&gt;" in html
    assert "<mark>&lt;</mark>script&gt;" in html
    assert html.count("<script") == 1


def test_a_session_says_what_an_incomplete_turn_lacks() -> None:
    trace = msgspec.structs.replace(TRACE, outcome=Outcome.INCOMPLETE, missing="the final answer", answer=None)
    html = _session(_turns((SPAN,), trace))
    assert "◌ Incomplete" in html
    assert "Missing: <bdi>the final answer</bdi>" in html


def test_a_turn_is_a_block_of_the_sessions_page() -> None:
    turn = _turns((SPAN, child(1, "tool", 1, 2, rationale="I need it.")))[0]
    html = render_block("session.html", "turn_body", turn=turn)
    assert "I need it." in html
    assert "<html" not in html


def test_a_line_of_the_list_never_shows_zero_for_unknown() -> None:
    row = msgspec.structs.replace(
        SESSION, started_at=None, working_us=None, input_tokens=None, output_tokens=None, cost_usd=None
    )
    line = line_of(row, START + 60 * SECOND)
    assert (line.started, line.duration, line.tokens, line.cost) == (None, "—", "—", "no price")


def test_an_error_is_a_page_and_for_htmx_a_fragment() -> None:
    whole = render_error_page(404, "Not found", HOSTILE, "abc", fragment=False)
    part = render_error_page(404, "Not found", HOSTILE, "abc", fragment=True)
    assert whole.startswith("<!doctype html>")
    assert "<html" not in part
    assert "<script>alert" not in whole + part


@pytest.mark.parametrize(("name", "most"), [("app.js", 20 * KB), ("app.css", 6 * KB), ("session.css", 4 * KB)])
def test_what_pages_load_stays_small(name: str, most: int) -> None:
    assert len(static_files()[name].packed) <= most


def test_a_session_of_2000_steps_stays_small() -> None:
    spans = tuple(_with_real_id(span) for span in long_turn(2000))
    html = _session(_turns(spans))
    assert len(gzip.compress(html.encode(), 6)) <= 90 * KB


def _with_real_id(span: SpanRow) -> SpanRow:
    """Ids are hashes, which do not compress."""
    return msgspec.structs.replace(span, span_id=hashlib.sha256(span.span_id.encode()).hexdigest()[:16])


def test_vendored_files_are_those_of_vendor_md() -> None:
    folder = CHECKOUT / "templates/static/vendor"
    said = dict(re.findall(r"^\| (\S+) \|.*`([0-9a-f]{64})`", (folder / "VENDOR.md").read_text("utf-8"), re.M))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
    assert found == said


def test_the_pause_after_a_returned_control_says_for_whom_it_waits() -> None:
    asking = msgspec.structs.replace(TRACE, outcome=Outcome.RETURNED_CONTROL)
    answering = msgspec.structs.replace(TRACE, answers="i-1")
    assert "control was returned" in until_of(asking, answering)
    assert until_of(TRACE, answering) == until_of(asking, TRACE) == until_of(asking, None) == "until the next turn"
