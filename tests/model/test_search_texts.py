"""What is searched of a trace is what people said and agents did."""

from tests.stores import KNOWLEDGE
from tests.traffic import demo_events
from tracehub.bedrock.assemble import assemble
from tracehub.model.record import Event
from tracehub.model.search.query import Field
from tracehub.model.search.texts import MOST_CHARACTERS, MOST_OF_A_TRACE, searched_texts
from tracehub.model.span import Agent, AgentSpan, ErrorSource, ModelSpan, Outcome, Parameter, Span, SpanError, ToolSpan
from tracehub.model.trace import Trace


def test_the_texts_of_a_tool_call() -> None:
    found = _texts(
        _tool(
            parameters=(Parameter(name="order", value="A-1"), Parameter(name="note")),
            request_body={"name": "Größe"},
            output='{"text": "line\\nnext \\u9000\\u6b3e \\ud83d\\ude00 \\"x\\""}',
            rationale="because",
            error=SpanError(source=ErrorSource.REPORTED, type="http_500", text="boom"),
        )
    )
    assert found == [
        (Field.RATIONALE, "because"),
        (Field.OTHER, "Orders__refund"),
        (Field.TOOL_INPUT, "order=A-1\nnote="),
        (Field.TOOL_INPUT, '{"name":"Größe"}'),
        (Field.TOOL_OUTPUT, '{"text": "line\nnext 退款 😀 "x""}'),
        (Field.ERROR, "http_500"),
        (Field.ERROR, "boom"),
    ]


def test_a_backslash_outside_of_json_stays() -> None:
    assert (Field.TOOL_OUTPUT, r"C:\new\table") in _texts(_tool(output=r"C:\new\table"))


def test_prompts_are_not_searched_and_a_text_counts_once() -> None:
    model = ModelSpan(
        span_id="1" * 16, parent_id=None, name="m", phase=None, run_id=None, step_id=None, input="prompt", output="raw",
        rationale="why",
    )  # fmt: skip
    assert _texts(model, _tool(rationale="why")) == [(Field.RATIONALE, "why"), (Field.OTHER, "Orders__refund")]


def test_of_a_long_text_and_of_a_long_trace_the_beginning_is_searched() -> None:
    [text] = [text for field, text in _texts(_tool(output="x" * 100_000)) if field is Field.TOOL_OUTPUT]
    assert len(text) == MOST_CHARACTERS
    many = _texts(*(_tool(output=str(number) + "y" * MOST_CHARACTERS) for number in range(100)))
    assert sum(len(text) for _, text in many) == MOST_OF_A_TRACE


def test_every_kind_of_field_occurs_in_the_demo() -> None:
    found: set[Field] = set()
    by_trace: dict[str, list[Event]] = {}
    for event in demo_events(60):
        by_trace.setdefault(event.trace_id, []).append(event)
    for trace_id, of_trace in by_trace.items():
        trace = assemble(trace_id, of_trace, answers={}, prices=KNOWLEDGE.prices, rules=KNOWLEDGE.rules)
        found |= {text.field for text in searched_texts(trace)}
    assert found == set(Field)


def _texts(*spans: Span) -> list[tuple[Field, str]]:
    root = AgentSpan(span_id="0" * 16, parent_id=None, name="a", phase=None, run_id=None, step_id=None, agent=Agent())
    trace = Trace(
        trace_id="0a" * 16,
        session_id=None,
        agent=Agent(),
        started_at=None,
        ended_at=None,
        outcome=Outcome.OK,
        error=None,
        missing=(),
        question=None,
        answer=None,
        citations=(),
        files=(),
        spans=(root, *spans),
        return_controls=(),
        answers=None,
    )
    return [(found.field, found.text) for found in searched_texts(trace)]


def _tool(**values: object) -> ToolSpan:
    fixed = {"span_id": "2" * 16, "parent_id": "0" * 16, "name": "t", "phase": None, "run_id": None, "step_id": None}
    return ToolSpan(**fixed, tool="Orders__refund", **values)  # type: ignore[arg-type]
