"""Joins control that an agent handed back with the call that brought the result."""

from collections.abc import Iterable, Mapping

from tracehub.bedrock.draft import Draft
from tracehub.bedrock.tool_calls import returned_tool_draft
from tracehub.bedrock.tool_errors import ErrorRule, infer_error
from tracehub.members import Json, integer, mapping, mappings, text
from tracehub.model.record import Event
from tracehub.model.span import ErrorSource, Outcome, Phase, SpanError

HTTP_ERROR = 400
_CALLS = ("functionInvocationInput", "apiInvocationInput")
_RESULTS = ("functionResult", "apiResult")


def returned_calls(event: Event) -> tuple[str | None, list[Json]]:
    """The invocationId of a returnControl event and the calls it hands back."""
    content = mapping(event.body, "returnControl")
    calls = [
        call for value in mappings(content, "invocationInputs") for name in _CALLS if (call := mapping(value, name))
    ]
    return text(content, "invocationId"), calls


def answered_id(request: Json) -> str | None:
    """The invocationId whose results a request brings, or None."""
    return text(mapping(request, "sessionState"), "invocationId")


def match_returned(drafts: list[Draft], events: Iterable[Event], run_id: str) -> list[Draft]:
    """Marks the traced tool calls that `events` hand back; the drafts for those calls that were not traced."""
    untraced: list[Draft] = []
    for event in events:
        return_control_id, calls = returned_calls(event)
        for call in calls:
            fresh = Draft("tool", "", f"tool:returned:{return_control_id}", run_id, None, Phase.ORCHESTRATION)
            returned_tool_draft(fresh, call, return_control_id)
            traced = _traced(drafts, fresh)
            if traced is None:
                fresh.outcome = Outcome.RETURNED_CONTROL
                fresh.events.append(event.event_id)
                untraced.append(fresh)
                continue
            traced.fields["return_control_id"] = return_control_id
            traced.fields["execution_type"] = "RETURN_CONTROL"
            traced.outcome = Outcome.RETURNED_CONTROL
            traced.missing = []
            traced.events.append(event.event_id)
    return untraced


def _traced(drafts: list[Draft], returned: Draft) -> Draft | None:
    candidates = [
        draft
        for draft in drafts
        if draft.kind == "tool" and not draft.closed and draft.name == returned.name and not _matched(draft, returned)
    ]
    candidates.sort(key=lambda draft: draft.fields.get("parameters") != returned.fields["parameters"])
    if candidates:
        candidates[0].closed = True
        return candidates[0]
    return None


def _matched(draft: Draft, returned: Draft) -> bool:
    """Whether the traced call names another invocationId."""
    named = draft.fields.get("return_control_id")
    return named is not None and named != returned.fields["return_control_id"]


def apply_answers(drafts: Iterable[Draft], answers: Mapping[str, Event], rules: tuple[ErrorRule, ...]) -> None:
    """Gives the tools whose control was returned the results that a later request brought under their invocationId."""
    used: set[int] = set()
    for draft in drafts:
        answer = answers.get(draft.fields.get("return_control_id") or "") if draft.kind == "tool" else None
        if answer is None:
            continue
        request = mapping(answer.body, "request")
        draft.fields["answered_by"] = answer.trace_id
        for place, value in enumerate(mappings(mapping(request, "sessionState"), "returnControlInvocationResults")):
            result = next((found for name in _RESULTS if (found := mapping(value, name))), {})
            if place not in used and _same_tool(draft, result):
                used.add(place)
                _apply(draft, result, rules)
                break


def _same_tool(draft: Draft, result: Json) -> bool:
    fields = draft.fields
    return text(result, "actionGroup") == fields.get("action_group") and (
        text(result, "function") == fields.get("function") and text(result, "apiPath") == fields.get("api_path")
    )


def _apply(draft: Draft, result: Json, rules: tuple[ErrorRule, ...]) -> None:
    body = "\n".join(words for value in mapping(result, "responseBody").values() if (words := _body(value)) is not None)
    status, state = integer(result, "httpStatusCode"), text(result, "responseState")
    draft.fields |= {
        "output": body or None,
        "http_status": status,
        "response_state": state,
        "confirmation_state": text(result, "confirmationState"),
    }
    draft.outcome = Outcome.OK
    if state in ("FAILURE", "REPROMPT"):
        draft.failed(SpanError(source=ErrorSource.REPORTED, type=f"response_state_{state.lower()}", text=body or None))
    elif status is not None and status >= HTTP_ERROR:
        draft.failed(SpanError(source=ErrorSource.REPORTED, type=f"http_{status}", text=body or None))
    elif error := infer_error(body, rules):
        draft.failed(error)


def _body(value: object) -> str | None:
    return text(value, "body") if isinstance(value, dict) else None
