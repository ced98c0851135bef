"""One InvokeAgent call with all its collaborators."""

import msgspec

from tracehub.model.span import Agent, Citation, Outcome, OutputFile, Span, SpanError


class CallTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When the call was made, AWS's answer began, the first text of it came, and it was over, as a recorder or the
    proxy saw it: microseconds since 1970 UTC."""

    asked_at: int | None = None
    answered_at: int | None = None
    first_text_at: int | None = None
    closed_at: int | None = None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The span that made the call: 32 and 16 hex digits."""

    trace_id: str
    span_id: str


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One call, assembled from its events.

    `trace_id` is the top agent's request uuid (32 hex digits): also the OpenTelemetry trace id and AWS's request id.
    `spans` is the tree in pre-order, the root first, siblings in the order they began. `session_id` is None where no
    event named it. `missing` says what an incomplete trace lacks, in words. `return_controls` are the invocationIds
    this call handed back, `answers` the one it answers.
    """

    trace_id: str
    session_id: str | None
    agent: Agent
    started_at: int | None
    ended_at: int | None
    outcome: Outcome
    error: SpanError | None
    missing: tuple[str, ...]
    question: str | None
    answer: str | None
    citations: tuple[Citation, ...]
    files: tuple[OutputFile, ...]
    spans: tuple[Span, ...]
    return_controls: tuple[str, ...]
    answers: str | None
    memory_id: str | None = None
    times: CallTimes = CallTimes()
    caller: Caller | None = None
    session_attributes: dict[str, object] = {}
    prompt_session_attributes: dict[str, object] = {}
