"""One trace, made by hand, with every kind of span and every way in which a span can end."""

from typing import Any

from tracehub.model.span import (
    Agent,
    AgentSpan,
    Assessment,
    Citation,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    OutputFile,
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

TRACE_ID = "5f2b0c1e9a7d4e3f8b6a1c2d3e4f5061"
START = 1_790_000_000_000_000
CANARY = "canary"
STEP = "5f2b0c1e-9a7d-4e3f-8b6a-1c2d3e4f5061-0"
SONNET = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROMPT = (
    '{"system":"You are an agent. canary","messages":['
    '{"role":"user","content":"Which room is free? canary"},'
    '{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Rooms__find","input":{"city":"canary"}}]},'
    '{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"{\\"room\\":\\"canary\\"}"}]}],'
    '"tools":[{"name":"Rooms__find","description":"canary","input_schema":{"type":"object"}}]}'
)
ANSWER = (
    '{"stop_reason":"tool_use","content":[{"type":"text","text":"I book it. canary"},'
    '{"type":"tool_use","id":"toolu_2","name":"Rooms__book","input":{"room":"canary"}},'
    '{"type":"tool_use","id":"toolu_3","name":"POST__Rooms__/cancel","input":{}}]}'
)

_AGENT = Agent(
    agent_id="AGENT12345",
    alias_id="ALIAS12345",
    version="7",
    arn="arn:aws:bedrock:eu-central-1:123456789012:agent-alias/AGENT12345/ALIAS12345",
)
_DESK = Agent(
    agent_id="DESK123456",
    alias_id="DESKALIAS1",
    version="3",
    name="HotelDesk",
    arn="arn:aws:bedrock:eu-central-1:123456789012:agent-alias/DESK123456/DESKALIAS1",
)
_REFERENCE = Reference(
    text="The north wing canary",
    location_type="S3",
    location="s3://canary/rooms.md",
    metadata={"x-amz-bedrock-kb-chunk-id": "chunk-canary", "page": 4},
    raw={},
)


def example(**changed: Any) -> Trace:
    """The trace, with these fields in the place of its own."""
    spans = _spans()
    return Trace(
        **{
            "trace_id": TRACE_ID,
            "session_id": "session-1",
            "agent": _AGENT,
            "started_at": spans[0].started_at,
            "ended_at": spans[0].ended_at,
            "outcome": Outcome.FAILED,
            "error": spans[0].error,
            "missing": (),
            "question": "Which room is free? canary",
            "answer": "Room 7. canary",
            "citations": (Citation(text="Room 7. canary", start=0, end=6, references=(_REFERENCE,)),),
            "files": (OutputFile(name="canary.csv", type="text/csv", size=12),),
            "spans": spans,
            "return_controls": ("control-1",),
            "answers": "control-0",
            "memory_id": "memory-1",
            **changed,
        }
    )


def _spans() -> tuple[Span, ...]:
    failure = SpanError(source=ErrorSource.REPORTED, type="424", text="The Lambda function could not be called")
    root = AgentSpan(
        **_place(0, None, 0, 9_000, run_id=TRACE_ID),
        name="AGENT12345",
        agent=_AGENT,
        session_id="session-1",
        input="Which room is free? canary",
        output="Room 7. canary",
        rationale="I look it up. canary",
        notes=("reprompt (PARSER): canary",),
        outcome=Outcome.FAILED,
        error=failure,
    )
    return (root, *_beside(), *_calls(), *_collaboration())


def _beside() -> tuple[Span, ...]:
    """A guardrail that stepped in, and a message of a custom orchestration."""
    found = (
        Assessment(policy="pii", name=None, type="EMAIL", action="ANONYMIZED", confidence=None, match="canary@x.com"),
        Assessment(policy="topic", name="Refunds", type="DENY", action="BLOCKED", confidence=None, match=None),
    )
    return (
        GuardrailSpan(
            **_place(1, 0, 0, 100),
            name="guardrail input",
            side="input",
            action="INTERVENED",
            assessments=found,
            outcome=Outcome.BLOCKED,
        ),
        CustomSpan(**_place(2, 0, 150, 150), name="custom orchestration", text="choosing a plan canary"),
    )


def _calls() -> tuple[Span, ...]:
    def error(kind: str, source: ErrorSource = ErrorSource.REPORTED) -> SpanError:
        return SpanError(source=source, type=kind, text="canary")

    return (
        ModelSpan(
            **_place(3, 0, 200, 1_200, STEP),
            name="eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            iteration=1,
            prompt_type="ORCHESTRATION",
            model_id=SONNET,
            input=PROMPT,
            output=ANSWER,
            rationale="A room is free. canary",
            reasoning="Let me think. canary",
            tokens=Tokens(input=900, output=80, cache_read=500, cache_write=0),
            inference={"temperature": 0.0, "topP": 1, "topK": 250, "maximumLength": 2048, "stopSequences": ["</x>"]},
            prompt_creation_mode="DEFAULT",
            parser_mode="DEFAULT",
            stop_reason="tool_use",
        ),
        ToolSpan(
            **_place(4, 0, 1_200, 2_000, STEP),
            name="Rooms__book",
            tool="Rooms__book",
            action_group="Rooms",
            function="book",
            execution_type="LAMBDA",
            parameters=(Parameter(name="room", type="string", value="canary"),),
            output='{"error":"canary"}',
            rationale="A room is free. canary",
            error=error("error_field", ErrorSource.INFERRED),
        ),
        ToolSpan(
            **_place(5, 0, 2_000, None, STEP),
            name="POST__Rooms__/cancel",
            tool="POST__Rooms__/cancel",
            action_group="Rooms",
            verb="post",
            api_path="/cancel",
            execution_type="RETURN_CONTROL",
            request_body={"content": {"application/json": [{"name": "id", "value": "canary"}]}},
            return_control_id="control-1",
            outcome=Outcome.RETURNED_CONTROL,
        ),
        ToolSpan(
            **_place(6, 0, 2_100, 2_200, STEP),
            name="Rooms__pay",
            tool="Rooms__pay",
            action_group="Rooms",
            function="pay",
            execution_type="RETURN_CONTROL",
            return_control_id="control-2",
            answered_by="0" * 31 + "1",
            response_state="FAILURE",
            confirmation_state="DENY",
            http_status=500,
            output="canary",
            outcome=Outcome.FAILED,
            error=error("http_500"),
        ),
        ToolSpan(
            **_place(7, 0, 2_200, 2_300, STEP),
            name="Rooms__list",
            tool="Rooms__list",
            execution_type="LAMBDA",
            outcome=Outcome.FAILED,
            error=error("reprompt"),
        ),
        CodeSpan(
            **_place(8, 0, 2_300, 2_900, STEP),
            name="code_interpreter",
            code="print('canary')",
            input_files=("canary.csv",),
            output="canary",
            output_files=("canary.png",),
            execution_error="NameError: canary",
            outcome=Outcome.FAILED,
            error=error("execution_error"),
        ),
        CodeSpan(
            **_place(9, 0, 2_900, 3_000, STEP),
            name="code_interpreter",
            execution_timeout=True,
            outcome=Outcome.FAILED,
            error=SpanError(source=ErrorSource.REPORTED, type="execution_timeout"),
        ),
        RetrievalSpan(
            **_place(10, 0, 3_000, 3_400, STEP),
            name="KB12345678",
            knowledge_base_id="KB12345678",
            query="free rooms canary",
            references=(_REFERENCE, Reference(text=None, location_type=None, location=None, metadata={}, raw={})),
        ),
        RetrievalSpan(**_place(11, 0, 3_400, None, STEP), name="knowledge base", missing=("output",)),
    )


def _collaboration() -> tuple[Span, ...]:
    return (
        ModelSpan(
            **_place(12, 0, 3_500, 4_000, phase=Phase.ROUTING),
            name="model",
            prompt_type="ROUTING_CLASSIFIER",
            input="\n\nHuman: canary\n\nAssistant:",
            output="<thinking>canary</thinking>HotelDesk",
            tokens=Tokens(input=100),
        ),
        AgentSpan(
            **_place(13, 0, 4_000, 6_000, run_id="6" * 32),
            name="HotelDesk",
            agent=_DESK,
            session_id="session-desk",
            input="Find a room canary",
            output="Room 7 canary",
        ),
        ModelSpan(
            # It lasts longer than the collaborator that called it, who is widened.
            **_place(14, 13, 4_100, 6_500),
            name="amazon.nova-lite-v1:0",
            model_id="amazon.nova-lite-v1:0",
            input="canary",
            tokens=Tokens(input=10, output=5),
            missing=("output",),
            outcome=Outcome.INCOMPLETE,
            reprompt="silent",
            error=SpanError(source=ErrorSource.INFERRED, type="silent_reprompt", text="canary"),
        ),
    )


def _place(
    number: int,
    parent: int | None,
    start: int,
    end: int | None,
    step: str | None = None,
    phase: Phase | None = Phase.ORCHESTRATION,
    run_id: str | None = None,
) -> dict[str, Any]:
    """Where a span stands; times are milliseconds since the trace began."""
    return {
        "span_id": f"{number + 1:016x}",
        "parent_id": None if parent is None else f"{parent + 1:016x}",
        "phase": phase,
        "run_id": run_id,
        "step_id": step,
        "started_at": START + start * 1000,
        "ended_at": None if end is None else START + end * 1000,
    }
