"""The panel of a step, from the whole trace."""

import re
from typing import Any

import pytest

from tests.web.pages.rows import SECOND, START, TRACE_ID
from tracehub.bedrock.tool_errors import ErrorRule
from tracehub.errors import NotFoundError
from tracehub.model.span import (
    Agent,
    AgentSpan,
    Assessment,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    Parameter,
    Phase,
    Reference,
    RetrievalSpan,
    Span,
    SpanError,
    Tokens,
    ToolSpan,
)
from tracehub.model.trace import Trace
from tracehub.web.pages.panel import Panel, panel_of
from tracehub.web.pages.rendering import render_block
from tracehub.web.pages.routes import StepFragment
from tracehub.web.pages.sections import Link
from tracehub.web.pages.texts import WHOLE

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e\x1b'
EVENT_ID = "ee" * 16
ROOT = AgentSpan(
    span_id="00" * 8, parent_id=None, name="helper", phase=None, run_id=None, step_id=None, agent=Agent(name=HOSTILE)
)
PLACE: dict[str, Any] = {"span_id": "11" * 8, "parent_id": "00" * 8, "run_id": None, "step_id": None}
ORCHESTRATION: dict[str, Any] = {**PLACE, "name": HOSTILE, "phase": Phase.ORCHESTRATION, "started_at": START}


def _trace(span: Span) -> Trace:
    return Trace(
        trace_id=TRACE_ID,
        session_id="s-1",
        agent=Agent(),
        started_at=START,
        ended_at=START + SECOND,
        outcome=Outcome.OK,
        error=None,
        missing=(),
        question=HOSTILE,
        answer=None,
        citations=(),
        files=(),
        spans=(ROOT,) if span is ROOT else (ROOT, span),
        return_controls=(),
        answers=None,
    )


def _panel(span: Span, *, raw: dict[str, bytes] | None = None) -> Panel:
    return panel_of("s-1", 1, _trace(span), span.span_id, raw or {}, {})


def _html(span: Span, raw: dict[str, bytes] | None = None) -> str:
    return render_block("session.html", "step", page=StepFragment(_panel(span, raw=raw)))


SPANS: tuple[Span, ...] = (
    ROOT,
    ModelSpan(
        **ORCHESTRATION,
        input='{"system":"be kind","messages":[{"role":"user","content":[{"type":"text","text":"<b>"}]}]}',
        output=HOSTILE,
        rationale=HOSTILE,
        reasoning=HOSTILE,
        inference={HOSTILE: [HOSTILE]},
        model_id=HOSTILE,
    ),
    ToolSpan(
        **ORCHESTRATION,
        tool=HOSTILE,
        action_group=HOSTILE,
        parameters=(Parameter(name=HOSTILE, value=HOSTILE),),
        request_body={HOSTILE: HOSTILE},
        output=HOSTILE,
        rationale=HOSTILE,
        error=SpanError(source=ErrorSource.REPORTED, type=HOSTILE, text=HOSTILE),
        missing=(HOSTILE,),
    ),
    CodeSpan(**ORCHESTRATION, code=HOSTILE, execution_error=HOSTILE, output_files=(HOSTILE,)),
    RetrievalSpan(
        **ORCHESTRATION,
        query=HOSTILE,
        references=(
            Reference(
                text=HOSTILE,
                location_type=HOSTILE,
                location="javascript:alert(1)",
                metadata={HOSTILE: HOSTILE},
                raw={},
            ),
        ),
    ),
    GuardrailSpan(
        **ORCHESTRATION,
        assessments=(
            Assessment(policy=HOSTILE, name=HOSTILE, type=None, action=HOSTILE, confidence=None, match=HOSTILE),
        ),
    ),
    CustomSpan(**ORCHESTRATION, text=HOSTILE),
)


@pytest.mark.parametrize("span", SPANS, ids=lambda span: type(span).__name__)
def test_hostile_text_is_text_in_every_kind_of_panel(span: Span) -> None:
    html = _html(span)
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert not re.search(r'href="javascript', html)
    assert not re.search(r"<[a-z][^>]*\s(style|on\w+)\s*=", html)


def test_a_prompt_is_shown_as_its_messages() -> None:
    panel = _panel(SPANS[1])
    prompt = next(section for section in panel.sections if section.title == "Prompt")
    assert [message.role for message in prompt.messages] == ["System", "User"]  # type: ignore[union-attr]


def test_unreported_tokens_and_prices_say_why() -> None:
    facts = {fact.name: (fact.value, fact.why) for fact in _panel(SPANS[1]).facts}
    assert facts["Tokens in"] == ("—", "the trace reports no tokens for this call")
    assert facts["Cost"] == ("no price", "no tokens were reported")


def test_reported_tokens_without_a_price_name_the_model_as_the_reason() -> None:
    span = ModelSpan(**ORCHESTRATION, tokens=Tokens(input=10, output=2))
    assert {fact.name: fact.why for fact in _panel(span).facts}["Cost"] == "the model has no price"


def test_zero_hits_are_told_from_no_result() -> None:
    assert "Zero hits" in _html(RetrievalSpan(**ORCHESTRATION, references=()))
    assert "No result was reported" in _html(RetrievalSpan(**ORCHESTRATION, references=None))


def test_a_huge_text_is_a_beginning_and_a_link_to_the_rest() -> None:
    html = _html(ToolSpan(**ORCHESTRATION, tool="t", output="x" * (WHOLE + 1)))
    assert len(html) < 64 * 1024
    assert f'href="/traces/{TRACE_ID}/spans/{"11" * 8}/output.txt"' in html


def test_a_raw_event_is_shown_and_can_be_saved() -> None:
    span = CustomSpan(**ORCHESTRATION, text="t", event_ids=(EVENT_ID,))
    html = _html(span, raw={EVENT_ID: b'{"trace":{"a":1}}'})
    assert "1 raw event" in html
    assert "&#34;a&#34;: 1" in html
    assert f"/traces/{TRACE_ID}/events/{EVENT_ID}.json" in html


def test_a_step_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        panel_of("s-1", 1, _trace_without_steps(), "22" * 8, {}, {})


def _trace_without_steps() -> Trace:
    return Trace(
        trace_id=TRACE_ID,
        session_id=None,
        agent=Agent(),
        started_at=None,
        ended_at=None,
        outcome=Outcome.INCOMPLETE,
        error=None,
        missing=(),
        question=None,
        answer=None,
        citations=(),
        files=(),
        spans=(ROOT,),
        return_controls=(),
        answers=None,
    )


def test_a_tools_json_output_is_a_tree_that_stays_text() -> None:
    output = '{"items": [1, {"a": "<script>alert(1)</script>"}], "<b>": 2}'
    html = _html(ToolSpan(**ORCHESTRATION, tool="Orders__get", output=output))
    assert html.count("<details open><summary>") == 2
    assert "&#34;&lt;script&gt;alert(1)&lt;/script&gt;&#34;" in html
    assert "<b>2" not in html
    assert "<script" not in html


def test_a_tool_leads_to_all_its_calls() -> None:
    place = {**ORCHESTRATION, "name": "GET__Orders__/a b?c#d"}
    panel = _panel(ToolSpan(**place, tool="x"))
    assert [s.href for s in panel.sections if isinstance(s, Link)] == ["/tools/~R0VUX19PcmRlcnNfXy9hIGI_YyNk"]


def test_what_a_guardrail_matched_is_closed_until_asked_for() -> None:
    found = Assessment(policy="PII", name=None, type="EMAIL", action="ANONYMIZED", confidence=None, match="a@b.example")
    html = _html(GuardrailSpan(**ORCHESTRATION, side="input", action="INTERVENED", assessments=(found,)))
    assert "<td><details><summary>Show</summary><bdi>a@b.example</bdi></details></td>" in html


def test_what_to_check_is_what_the_rule_says_and_nothing_else() -> None:
    failed = ToolSpan(
        **ORCHESTRATION, tool="x", error=SpanError(source=ErrorSource.INFERRED, type="quota", text="too many")
    )
    rules = (ErrorRule(name="quota", kind="json_key", keys=("error",), check="The <quota> of the shop"),)
    trace = _trace(failed)
    assert panel_of("s-1", 1, trace, failed.span_id, {}, {}, rules=rules).check == "The <quota> of the shop"
    assert panel_of("s-1", 1, trace, failed.span_id, {}, {}).check is None
