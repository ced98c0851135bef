"""The timed pieces of a trace."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    """How a trace or span ended."""

    OK = "ok"
    FAILED = "failed"
    BLOCKED = "blocked"
    RETURNED_CONTROL = "returned_control"
    INCOMPLETE = "incomplete"


class Phase(StrEnum):
    """The part of an agent's run that a span belongs to."""

    PRE_PROCESSING = "pre_processing"
    ROUTING = "routing"
    ORCHESTRATION = "orchestration"
    POST_PROCESSING = "post_processing"
    GUARDRAIL = "guardrail"


class ErrorSource(StrEnum):
    """Whether AWS or the caller said that it failed, or a rule concluded it from the output."""

    REPORTED = "reported"
    INFERRED = "inferred"


class SpanError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a span counts as an error. `type` is AWS's word for it, or the name of the rule that inferred it."""

    source: ErrorSource
    type: str
    text: str | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Who ran. Inline agents report neither id, alias nor version."""

    agent_id: str | None = None
    alias_id: str | None = None
    version: str | None = None
    name: str | None = None
    arn: str | None = None
    inline: bool = False


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as reported by one model call; None is not reported."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a tool call."""

    name: str
    type: str | None = None
    value: str | None = None


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """One retrieved passage. `location` is its URI, URL or id; `raw` is the reference as AWS wrote it."""

    text: str | None
    location_type: str | None
    location: str | None
    metadata: dict[str, object]
    raw: dict[str, object]


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the answer (characters `start` to `end`, as AWS counts) and what it rests on."""

    text: str | None
    start: int | None
    end: int | None
    references: tuple[Reference, ...]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a guardrail: which policy, what matched, what was done."""

    policy: str
    name: str | None
    type: str | None
    action: str | None
    confidence: str | None
    match: str | None


class OutputFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file the agent returned; its bytes stay in the event."""

    name: str | None
    type: str | None
    size: int | None


class SpanBase(msgspec.Struct, frozen=True, kw_only=True):
    """What every span has.

    `span_id` is 16 hex digits, by hash, so that assembling again changes nothing. Times are microseconds since 1970
    UTC, None where unknown; `times_derived` says that they were concluded from neighbouring events because AWS reported
    none. `step_id` is Bedrock's traceId. `iteration` counts the orchestration steps of the span's agent from 1.
    `missing` names what an incomplete span lacks. `event_ids` are the events it was made from, in order.
    """

    span_id: str
    parent_id: str | None
    name: str
    phase: Phase | None
    run_id: str | None
    step_id: str | None
    iteration: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    times_derived: bool = False
    outcome: Outcome = Outcome.OK
    error: SpanError | None = None
    missing: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()


class AgentSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="agent"):
    """One agent's run: the call itself for the top agent, call and run together for a collaborator.

    `session_id` is the run's own session: collaborators have one of their own.
    """

    agent: Agent
    session_id: str | None = None
    input: str | None = None
    output: str | None = None
    rationale: str | None = None
    notes: tuple[str, ...] = ()


class ModelSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="model"):
    """One call of a foundation model.

    `input` is the prompt as sent, `output` the completion as received, `rationale` what the model gave as its reason,
    `reasoning` its extended thinking. `cost_usd` is None where the model has no price or no tokens were reported.
    """

    prompt_type: str | None = None
    model_id: str | None = None
    input: str | None = None
    output: str | None = None
    parsed_output: str | None = None
    is_valid: bool | None = None
    rationale: str | None = None
    reasoning: str | None = None
    tokens: Tokens = Tokens()
    cost_usd: float | None = None
    inference: dict[str, object] = {}
    prompt_creation_mode: str | None = None
    parser_mode: str | None = None
    override_lambda: str | None = None
    stop_reason: str | None = None
    reprompt: str | None = None


class ToolSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="tool"):
    """One call of an action group's function or API operation.

    `execution_type` is LAMBDA or RETURN_CONTROL. A tool whose control was returned is answered by a later call:
    `return_control_id` joins the two and `answered_by` is that call's trace.
    """

    tool: str
    action_group: str | None = None
    function: str | None = None
    verb: str | None = None
    api_path: str | None = None
    execution_type: str | None = None
    parameters: tuple[Parameter, ...] = ()
    request_body: dict[str, object] | None = None
    output: str | None = None
    rationale: str | None = None
    return_control_id: str | None = None
    answered_by: str | None = None
    response_state: str | None = None
    confirmation_state: str | None = None
    http_status: int | None = None


class CodeSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="code"):
    """One run of the code interpreter."""

    code: str | None = None
    input_files: tuple[str, ...] = ()
    output: str | None = None
    output_files: tuple[str, ...] = ()
    execution_error: str | None = None
    execution_timeout: bool | None = None
    rationale: str | None = None


class RetrievalSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="retrieval"):
    """One lookup in a knowledge base. `references` is None where no result was reported, empty for zero hits."""

    knowledge_base_id: str | None = None
    query: str | None = None
    references: tuple[Reference, ...] | None = None
    rationale: str | None = None


class GuardrailSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="guardrail"):
    """One assessment by a guardrail. `side` is input or output; `action` is NONE or INTERVENED."""

    side: str | None = None
    action: str | None = None
    assessments: tuple[Assessment, ...] = ()


class CustomSpan(SpanBase, frozen=True, kw_only=True, tag_field="kind", tag="custom"):
    """A message that a custom orchestration wrote into its trace: an instant, not a duration."""

    text: str | None = None


Span = AgentSpan | ModelSpan | ToolSpan | CodeSpan | RetrievalSpan | GuardrailSpan | CustomSpan
SPAN_KINDS = ("agent", "model", "tool", "code", "retrieval", "guardrail", "custom")
