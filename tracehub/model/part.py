"""What a TracePart says, whatever shape a logger wrote it in."""

import msgspec


class Step(msgspec.Struct, frozen=True, gc=False):
    """One member of a TracePart's union.

    `member` is the step's member, or the union's own name for guardrail, failure and custom orchestration. `step_id`
    is Bedrock's traceId.
    """

    union: str
    member: str
    value: dict[str, object]
    step_id: str | None


class Part(msgspec.Struct, frozen=True, gc=False):
    """A TracePart, whatever shape it came in. `chain` are the caller chain's ARNs; `event_time` is in microseconds.

    `run_id` is the uuid (32 hex digits) of the agent run that the traceId names. `unknown` are members newer than this
    code, kept where no known one stands beside them.
    """

    agent_id: str | None
    alias_id: str | None
    version: str | None
    session_id: str | None
    chain: tuple[str, ...]
    collaborator: str | None
    event_time: int | None
    steps: tuple[Step, ...]
    run_id: str | None
    unknown: tuple[Step, ...] = ()
