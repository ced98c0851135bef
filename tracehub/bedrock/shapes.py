"""Recognises what a JSON object is: a TracePart in any of the shapes that loggers write, or another stream message."""

from typing import cast

import msgspec

from tracehub.bedrock.members import Json, mapping, mappings, text
from tracehub.bedrock.times import microseconds
from tracehub.model.record import EventKind

UNIONS = (
    "orchestrationTrace",
    "preProcessingTrace",
    "postProcessingTrace",
    "routingClassifierTrace",
    "guardrailTrace",
    "failureTrace",
    "customOrchestrationTrace",
)
STEP_MEMBERS = ("modelInvocationInput", "modelInvocationOutput", "rationale", "invocationInput", "observation")
EXCEPTIONS = (
    "accessDeniedException",
    "badGatewayException",
    "conflictException",
    "dependencyFailedException",
    "internalServerException",
    "modelNotReadyException",
    "resourceNotFoundException",
    "serviceQuotaExceededException",
    "throttlingException",
    "validationException",
)
_KINDS: dict[str, EventKind] = {
    "trace": "trace",
    "chunk": "chunk",
    "returnControl": "return_control",
    "files": "files",
    "request": "request",
    "response": "response",
    **dict.fromkeys(EXCEPTIONS, "exception"),
}
_WHOLE = {"guardrailTrace", "failureTrace", "customOrchestrationTrace"}
_PHASE_OF_TYPE = {
    "PRE_PROCESSING": "preProcessingTrace",
    "POST_PROCESSING": "postProcessingTrace",
    "ROUTING_CLASSIFIER": "routingClassifierTrace",
}


class Step(msgspec.Struct, frozen=True):
    """One member of a TracePart's union.

    `member` is one of STEP_MEMBERS, or the union's own name for guardrail, failure and custom orchestration. `step_id`
    is Bedrock's traceId.
    """

    union: str
    member: str
    value: Json
    step_id: str | None


class Part(msgspec.Struct, frozen=True):
    """A TracePart, whatever shape it came in. `chain` are the caller chain's ARNs; `event_time` is in microseconds."""

    agent_id: str | None
    alias_id: str | None
    version: str | None
    session_id: str | None
    chain: tuple[str, ...]
    collaborator: str | None
    event_time: int | None
    steps: tuple[Step, ...]

    @property
    def run_id(self) -> str | None:
        """The uuid (32 hex digits) of the agent run that the traceId names."""
        for step in self.steps:
            if run := run_of(step.step_id):
                return run
        return None


def kind_of(body: Json) -> EventKind | None:
    """What kind of event `body` is, or None where it is no part of a trace."""
    for name, kind in _KINDS.items():
        if isinstance(body.get(name), dict):
            return kind
    if part_of(body) is not None:
        return "trace"
    return None


def part_of(body: Json) -> Part | None:
    """The TracePart in `body`, or None where there is none.

    Understands `{"trace": TracePart}`, a bare TracePart, a TracePart with its step's members lifted to the top, the
    bare union, a bare step, and the console's merged step.
    """
    outer = body
    union = mapping(outer, "trace")
    if _is_part(union):
        outer, union = union, mapping(union, "trace")
    if not union:
        union = {name: outer[name] for name in UNIONS if isinstance(outer.get(name), dict)}
    steps = _union_steps(union) if union else _bare_steps(outer)
    if not steps:
        return None
    return Part(
        agent_id=text(outer, "agentId"),
        alias_id=text(outer, "agentAliasId"),
        version=text(outer, "agentVersion"),
        session_id=text(outer, "sessionId"),
        chain=tuple(arn for caller in mappings(outer, "callerChain") if (arn := text(caller, "agentAliasArn"))),
        collaborator=text(outer, "collaboratorName"),
        event_time=microseconds(outer.get("eventTime")),
        steps=tuple(steps),
    )


def run_of(step_id: str | None) -> str | None:
    """The run's uuid (32 hex digits) at the head of a traceId such as `<uuid>-pre-0`, or None."""
    if step_id is None or len(step_id) < 36:
        return None
    run = step_id[:36].replace("-", "").lower()
    return run if len(run) == 32 and not run.strip("0123456789abcdef") else None


def _is_part(value: Json) -> bool:
    return isinstance(value.get("trace"), dict)


def _union_steps(union: Json) -> list[Step]:
    steps: list[Step] = []
    for name, value in union.items():
        if not isinstance(value, dict):
            continue
        content = cast("Json", value)
        if name in _WHOLE:
            steps.append(Step(name, name, content, text(content, "traceId")))
        else:
            steps.extend(_members(name, content))
    return steps


def _bare_steps(body: Json) -> list[Step]:
    prompt_type = text(mapping(body, "modelInvocationInput"), "type")
    return _members(_PHASE_OF_TYPE.get(prompt_type or "", "orchestrationTrace"), body)


def _members(union: str, content: Json) -> list[Step]:
    """The steps of one union, in the order of a step's life; the console writes lists where it merged several."""
    steps: list[Step] = []
    for member in STEP_MEMBERS:
        for value in mappings(content, member):
            steps.append(Step(union, member, value, text(value, "traceId") or text(content, "traceId")))
    return steps
