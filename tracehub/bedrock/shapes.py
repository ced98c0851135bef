"""Recognises what a JSON object is: a TracePart in any of the shapes that loggers write, or another stream message."""

from typing import cast

from tracehub.bedrock.times import microseconds
from tracehub.members import Json, mapping, mappings, text
from tracehub.model.part import Part, Step
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
    "chunk": "chunk",
    "returnControl": "return_control",
    "files": "files",
    "request": "request",
    "response": "response",
    **dict.fromkeys(EXCEPTIONS, "exception"),
}
# Loggers use these words too: a message is one of a stream only where it holds a member that AWS gives it.
_MARKS: dict[EventKind, set[str]] = {
    "chunk": {"bytes", "attribution"},
    "return_control": {"invocationId", "invocationInputs"},
    "files": {"files"},
    "request": {"inputText", "sessionId", "sessionState", "agentId"},
    "response": {"ResponseMetadata", "sessionId"},
    "exception": {"message"},
}
_OWNERS = {"agentId", "sessionId", "callerChain"}
_WHOLE = {"guardrailTrace", "failureTrace", "customOrchestrationTrace"}
_PHASE_OF_TYPE = {
    "PRE_PROCESSING": "preProcessingTrace",
    "POST_PROCESSING": "postProcessingTrace",
    "ROUTING_CLASSIFIER": "routingClassifierTrace",
}


def recognise(body: Json) -> tuple[EventKind, Part | None] | None:
    """What kind of event `body` is, with its TracePart where it is a trace; None where it is no part of a trace."""
    for name, value in body.items():
        if (kind := _KINDS.get(name)) and isinstance(value, dict) and not value.keys().isdisjoint(_MARKS[kind]):
            return kind, None
    part = part_of(body)
    if part is not None:
        return "trace", part
    if len(body) == 1:
        name, value = next(iter(body.items()))
        if name.endswith("Exception") and isinstance(value, dict) and isinstance(value.get("message"), str):
            return "exception", None
    return None


def kind_of(body: Json) -> EventKind | None:
    """What kind of event `body` is, or None where it is no part of a trace."""
    recognised = recognise(body)
    return recognised[0] if recognised else None


def part_of(body: Json) -> Part | None:
    """The TracePart in `body`, or None where there is none.

    Understands `{"trace": TracePart}`, a bare TracePart, a TracePart with its step's members lifted to the top, the
    bare union, a bare step, and the console's merged step.
    """
    outer = body
    union = mapping(outer, "trace")
    inner = union.get("trace")
    if isinstance(inner, dict):
        outer, union = union, cast("Json", inner)
    if not union:
        union = {name: outer[name] for name in UNIONS if isinstance(outer.get(name), dict)}
    steps = _union_steps(union) if union else _bare_steps(outer)
    unknown: list[Step] = []
    if not steps or not union:
        owned = not outer.keys().isdisjoint(_OWNERS)
        if steps and not owned and not any(step.step_id for step in steps):
            return None
        if not steps:
            # What stands where a step would, in a part that names its agent or session, is newer than this code.
            unknown = _unknown_steps(union) if owned and isinstance(body.get("trace"), dict) else []
            if not unknown:
                return None
    return Part(
        text(outer, "agentId"),
        text(outer, "agentAliasId"),
        text(outer, "agentVersion"),
        text(outer, "sessionId"),
        _chain(outer.get("callerChain")),
        text(outer, "collaboratorName"),
        microseconds(outer.get("eventTime")),
        tuple(steps),
        next((run for step in steps or unknown if (run := run_of(step.step_id))), None),
        tuple(unknown),
    )


def run_of(step_id: str | None) -> str | None:
    """The run's uuid (32 hex digits) at the head of a traceId such as `<uuid>-pre-0`, or None."""
    if step_id is None or len(step_id) < 36:
        return None
    run = step_id[:36].replace("-", "").lower()
    return run if len(run) == 32 and not run.strip("0123456789abcdef") else None


def _chain(callers: object) -> tuple[str, ...]:
    """The ARNs of a caller chain, the top agent's first."""
    if not isinstance(callers, list):
        return ()
    arns = [caller.get("agentAliasArn") for caller in callers if isinstance(caller, dict)]
    return tuple([arn for arn in arns if isinstance(arn, str)])


def _union_steps(union: Json) -> list[Step]:
    steps: list[Step] = []
    for name, value in union.items():
        if isinstance(value, dict):
            if name in _WHOLE:
                steps.append(Step(name, name, value, text(value, "traceId")))
            else:
                steps += _members(name, value)
    return steps


def _unknown_steps(union: Json) -> list[Step]:
    steps: list[Step] = []
    for name, value in union.items():
        if isinstance(value, dict):
            content = cast("Json", value)
            nested = (text(cast("Json", item), "traceId") for item in content.values() if isinstance(item, dict))
            steps.append(Step(name, name, content, text(content, "traceId") or next(filter(None, nested), None)))
    return steps


def _bare_steps(body: Json) -> list[Step]:
    prompt_type = text(mapping(body, "modelInvocationInput"), "type")
    return _members(_PHASE_OF_TYPE.get(prompt_type or "", "orchestrationTrace"), body)


def _members(union: str, content: Json) -> list[Step]:
    """The steps of one union, in the order of a step's life; the console writes lists where it merged several."""
    steps: list[Step] = []
    for member in STEP_MEMBERS:
        found = content.get(member)
        if found is None:
            continue
        for value in (found,) if isinstance(found, dict) else mappings(content, member):
            steps.append(Step(union, member, value, text(value, "traceId") or text(content, "traceId")))
    return steps
