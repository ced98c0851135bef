"""One call of a tool or knowledge base, or one intervention of a guardrail, with where to find it."""

import msgspec


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """A span with its session. `summary` is the first line of its input, `results` counts what a lookup found."""

    session_id: str
    trace_id: str
    span_id: str
    kind: str
    name: str
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    started_at: int | None
    ended_at: int | None
    outcome: str
    error_source: str | None
    error_type: str | None
    error_text: str | None
    summary: str | None
    policies: str | None
    results: int | None
    cited: int | None
