"""What metrics need to know of one span and its call."""

import msgspec


class Metered(msgspec.Struct, frozen=True, kw_only=True):
    """One span as it is counted. `turn` says that it is the call itself, `outcome` how the span ended; `error_type` is
    AWS's word or a rule's name, by `error_source`. `function` says that the application runs this tool. `after_us` is
    how long after its end a call was stored, for turns alone. Times are microseconds since 1970 UTC, None where
    unknown; what is text comes from traces.
    """

    kind: str
    name: str
    turn: bool
    outcome: str
    at: int | None
    duration_us: int | None
    agent_id: str | None
    agent_version: str | None
    alias_id: str | None
    error_source: str | None
    error_type: str | None
    function: bool = False
    model_id: str | None = None
    phase: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    results: int | None = None
    intervened: bool = False
    after_us: int | None = None
