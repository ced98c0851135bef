"""The API's answers as OpenAPI describes them. Their names are stable."""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
Outcome = Literal["ok", "failed", "blocked", "returned_control", "incomplete"]


class Answer(BaseModel):
    """What an answer holds is exactly what is described."""

    model_config = ConfigDict(extra="forbid")


class Counts(Answer):
    """What became of the records: records = those with events + ignored + quarantined."""

    records: int
    events: int = Field(description="events that were not known before")
    traces: int = Field(description="traces that got new events")
    duplicates: int = Field(description="events that were known already")
    ignored: int = Field(description="records without a trace")
    quarantined: int = Field(description="records that look like traces but cannot be read")


class Agent(Answer):
    """Who ran; inline agents report neither id, alias nor version."""

    id: str | None
    alias: str | None
    version: str | None
    name: str | None
    inline: bool


class Error(Answer):
    """Why something counts as an error; `inferred` is concluded from the output by a rule."""

    source: Literal["reported", "inferred"]
    type: str
    text: str | None


class Usage(Answer):
    """Sums over the model calls; null where none reported. `calls_with_tokens` and `priced_calls` say how many did."""

    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    model_calls: int
    calls_with_tokens: int
    priced_calls: int


class Session(Answer):
    """One conversation. Agent and question are those of its first trace."""

    session_id: str
    session_reported: bool = Field(description="false where no event named a session and the id is tracehub's own")
    agent: Agent
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    working_ms: float | None = Field(description="the traces' durations, without the pauses between them")
    question: str | None
    turns: int
    steps: int
    failed_turns: int
    blocked_turns: int
    incomplete_turns: int
    returned_turns: int
    errors_reported: int
    errors_inferred: int
    usage: Usage


class TraceSummary(Answer):
    """One InvokeAgent call, without its spans."""

    trace_id: str
    session_id: str
    session_reported: bool
    agent: Agent
    started_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    outcome: Outcome
    error: Error | None
    missing: str | None
    question: str | None
    answer: str | None
    steps: int
    tool_calls: int
    errors_reported: int
    errors_inferred: int
    interventions: int
    usage: Usage
    answers: str | None = Field(description="the invocationId of the returned control that this call answers")
    events: int
    needs_reindex: bool


class SessionDetail(Session):
    """A session with its traces, in order."""

    traces: list[TraceSummary]


class Page(Answer, Generic[Item]):
    """Some items, newest first; pass `older` or `newer` as `cursor` for the pages beside it."""

    items: list[Item]
    older: str | None
    newer: str | None


class Span(Answer):
    """A timed piece. What the kind adds stands in `details`."""

    span_id: str
    parent_id: str | None
    kind: Literal["agent", "model", "tool", "code", "retrieval", "guardrail", "custom"]
    name: str
    phase: Literal["pre_processing", "routing", "orchestration", "post_processing", "guardrail"] | None
    run_id: str | None
    step_id: str | None = Field(description="Bedrock's traceId")
    iteration: int | None
    started_at: datetime | None
    ended_at: datetime | None
    times_derived: bool
    outcome: Outcome
    error: Error | None
    missing: list[str]
    input: str | None
    output: str | None
    rationale: str | None
    tokens: dict[str, int | None] | None
    cost_usd: float | None
    details: dict[str, object]
    event_ids: list[str]


class CallTimes(Answer):
    """When the call was made, AWS's answer began, its first text came, and it was over; null where nobody saw it."""

    asked_at: datetime | None
    answered_at: datetime | None
    first_text_at: datetime | None
    closed_at: datetime | None


class Caller(Answer):
    """The span that made the call, by its W3C traceparent."""

    trace_id: str
    span_id: str


class TraceDetail(Answer):
    """One call with its whole tree of spans, in pre-order, and full texts."""

    trace_id: str
    session_id: str | None
    agent: Agent
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome
    error: Error | None
    missing: list[str]
    question: str | None
    answer: str | None
    citations: list[dict[str, object]]
    files: list[dict[str, object]]
    return_controls: list[str]
    answers: str | None
    memory_id: str | None
    times: CallTimes
    caller: Caller | None
    session_attributes: dict[str, object]
    prompt_session_attributes: dict[str, object]
    spans: list[Span]


class Tool(Answer):
    """How one tool was used. Percentiles are at most 1 % off and null where no call had a known duration."""

    tool: str
    calls: int
    traces: int
    errors_reported: int
    errors_inferred: int
    timed_calls: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    last_started_at: datetime | None


class Tools(Answer):
    """Every tool called in the matching traces, the most called first."""

    items: list[Tool]


class Quarantined(Answer):
    """One piece that looked like a trace; its bytes are at /quarantine/{sha256}."""

    sha256: str
    received_at: datetime
    source: str
    reason: str
    size: int
    tries: int


class Retried(Answer):
    """Whether a quarantined piece could be read now; `reason` is why not."""

    sha256: str
    read: bool
    reason: str | None


class SourcePart(Answer):
    """What is read apart of a source: a log group, a bucket's listing, one reader of a queue."""

    part: str
    state: Literal["reading", "following", "waiting", "failing", "unread"]
    read_until: datetime | None
    waiting: int | None
    error: str | None = Field(description="the last one, also after it has passed")
    error_at: datetime | None


class Source(Answer):
    """Where traces come from, what came from there, and how its reading stands."""

    name: str
    kind: str = Field(description="cloudwatch, s3, push or firehose")
    declared_in: Literal["file", "ui", "push"]
    declaration: dict[str, object] = Field(
        description="in the words of the configuration file; empty for what is pushed"
    )
    state: Literal["following", "reading", "waiting", "failing", "unread", "paused", "receiving", "idle"] = Field(
        description="the worst of its parts; unread: no process reads it; receiving and idle: of what is pushed"
    )
    paused: bool
    created_at: datetime
    collect_from: datetime | None = Field(description="from when it was last asked to be collected again")
    newest_at: datetime | None = Field(description="the time of the newest thing that was read")
    read_until: datetime | None = Field(description="everything before it was read; null where not known of all parts")
    stored_at: datetime | None = Field(description="when something new was stored last")
    waiting: int | None = Field(description="what is known to lie there unread")
    records_last_minute: int | None
    counts: Counts
    error: str | None
    error_at: datetime | None
    parts: list[SourcePart]


class TracedCalls(Answer):
    """Of `calls` that AWS counted in that time in all accounts and regions of the sources, `traced` have a trace."""

    calls: int
    traced: int
    since: datetime
    until: datetime


class Sources(Answer):
    """Every source, by name. `traced_calls` is null where no count of AWS's is known."""

    items: list[Source]
    traced_calls: TracedCalls | None


class ProxyKey(Answer):
    """A key that lets a caller use the proxy, and what it may do; an empty list means everything."""

    key_id: str = Field(description="the AWS access key id that a caller is configured with")
    name: str
    state: Literal["active", "expired", "revoked"]
    generation: int = Field(description="grows with every rotation")
    overlap_until: datetime | None = Field(description="until when the secret before the last rotation is good")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    agents: list[str]
    aliases: list[str]
    operations: list[str]
    requests_per_second: float | None
    region: str | None = Field(description="where AWS is called; null for the proxy's own region")
    role_arn: str | None = Field(description="the role as which AWS is called; null for the proxy's own")
    external_id: str | None


class IssuedProxyKey(ProxyKey):
    """A key with its secret, which is not kept and cannot be shown again."""

    secret_access_key: str


class ProxyKeys(Answer):
    """Every key, the oldest first."""

    items: list[ProxyKey]


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
