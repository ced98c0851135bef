"""What "Copy as" gives is valid whatever the trace holds, and says no more than the trace knows."""

import ast
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import serving
from tests.traffic import demo_lines
from tests.web.pages.rows import SECOND, START, TRACE_ID
from tracehub.model.span import Agent, AgentSpan, Outcome, ToolSpan
from tracehub.model.trace import Trace
from tracehub.web.pages.boto3_call import invoke_agent_call
from tracehub.web.pages.copies import copies_of_session, copies_of_step, copies_of_turn
from tracehub.web.pages.transcript import session_markdown, turn_markdown

PLACE: dict[str, Any] = {"phase": None, "run_id": None, "step_id": None}
TRACE = Trace(
    trace_id=TRACE_ID,
    session_id="s-1",
    agent=Agent(agent_id="AGENT12345", alias_id="PROD", name="helper"),
    started_at=START,
    ended_at=START + SECOND,
    outcome=Outcome.OK,
    error=None,
    missing=(),
    question="Where is my order?",
    answer="It ships tomorrow.",
    citations=(),
    files=(),
    spans=(
        AgentSpan(span_id="00" * 8, parent_id=None, name="helper", agent=Agent(), **PLACE),
        ToolSpan(
            span_id="11" * 8,
            parent_id="00" * 8,
            name="Orders__get_order",
            tool="Orders__get_order",
            rationale="I need it.",
            started_at=START,
            ended_at=START + SECOND // 2,
            **PLACE,
        ),
    ),
    return_controls=(),
    answers=None,
)
HOSTILE = (
    "'", '"', '"""', "\\", "\\'", "\n", "\r\n", "\x00", "\ud800", "\u2028", "\u202e", "{}", "{0}", "{region}", "%s",
    "#", "`" * 7, "é😀", "'); import os; os.system('x') #",
)  # fmt: skip
TEXTS = st.one_of(st.text(st.characters(), max_size=80), st.sampled_from(HOSTILE))


def _arguments(trace: Trace) -> dict[str, object]:
    script = invoke_agent_call(trace)
    assert script is not None
    tree = ast.parse(script)
    [call] = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "invoke_agent"
    ]
    return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_the_call_is_valid_python_that_holds_the_very_texts(
    question: str, session_id: str, attributes: dict[str, object]
) -> None:
    trace = msgspec.structs.replace(
        TRACE, question=question, session_id=session_id, session_attributes=attributes, agent=Agent(agent_id=question)
    )
    found = _arguments(trace)
    assert (found["inputText"], found["sessionId"], found["agentId"]) == (question, session_id, question)
    assert found.get("sessionState", {"sessionAttributes": {}}) == {"sessionAttributes": attributes}


@given(TEXTS)
def test_no_region_breaks_out_of_the_call(arn: str) -> None:
    trace = msgspec.structs.replace(TRACE, agent=Agent(agent_id="A", arn=f"arn:aws:bedrock:{arn}:1:agent/A"))
    ast.parse(str(invoke_agent_call(trace)).encode("utf-8", "replace"))


def test_the_call_says_what_the_trace_knows_and_what_it_does_not() -> None:
    trace = msgspec.structs.replace(TRACE, agent=Agent(), session_id=None, question=None, answers="r-1")
    assert _arguments(trace) == {"enableTrace": True}
    script = str(invoke_agent_call(trace))
    assert "# agentId is not in the trace." in script
    assert "region_name" not in script
    known = msgspec.structs.replace(
        TRACE, agent=Agent(agent_id="A", arn="arn:aws:bedrock:eu-central-1:123456789012:agent/A"), memory_id="m"
    )
    assert "region_name='eu-central-1'" in str(invoke_agent_call(known))
    assert _arguments(known)["memoryId"] == "m"


def test_an_inline_agent_has_no_call() -> None:
    assert invoke_agent_call(msgspec.structs.replace(TRACE, agent=Agent(inline=True))) is None
    assert [copy.text for copy in copies_of_turn("s", TRACE_ID, inline=True)] == ["Link", "JSON", "Markdown"]


def test_a_turn_as_markdown() -> None:
    text = turn_markdown(TRACE, 3)
    assert text.startswith("## Turn 3\n")
    assert "### Question\n\n```\nWhere is my order?\n```" in text
    assert "* +0 ms Tool `get_order` (500 ms), because `I need it.`" in text
    assert "### Answer\n\n```\nIt ships tomorrow.\n```" in text


@pytest.mark.parametrize("hostile", ["```\n# Not a heading\n```", "`" * 30, "<script>", "\u202e"])
def test_texts_stay_inside_their_fence(hostile: str) -> None:
    lines = turn_markdown(msgspec.structs.replace(TRACE, question=hostile, answer=None)).splitlines()
    begin = lines.index("### Question") + 2
    fence = lines[begin]
    assert set(fence) == {"`"}
    assert fence not in hostile
    assert lines[lines.index(fence, begin + 1) + 1 :][:2] == ["", "### Steps"]
    assert "Not in the trace." in lines


def test_a_sessions_markdown_says_what_it_leaves_out() -> None:
    text = session_markdown("s`1", [(1, TRACE)], "Turns 1 to 1 of 2")
    assert text.startswith("# Session ``s`1``\n\nTurns 1 to 1 of 2.\n\n## Turn 1\n")


def test_every_form_answers(sqlite_url: str) -> None:
    with serving(sqlite_url) as server:
        server.client.post("/api/v1/records", content=demo_lines(10))
        session = server.client.get("/api/v1/sessions").json()["items"][0]["session_id"]
        trace = server.client.get(f"/api/v1/sessions/{session}").json()["traces"][0]["trace_id"]
        span = server.client.get(f"/api/v1/traces/{trace}").json()["spans"][1]["span_id"]
        for copy in (
            *copies_of_session(session),
            *copies_of_turn(session, trace, inline=False),
            *copies_of_step(session, trace, span),
        ):
            found = server.client.get(copy.href)
            assert found.status_code == 200, copy
            if not copy.is_link:
                assert "html" not in found.headers["content-type"]
