"""What an event tells of other traces: which runs belong together, and which call answers which."""

from collections.abc import Iterable

import msgspec

from tracehub.bedrock.return_of_control import answered_id
from tracehub.bedrock.shapes import run_of
from tracehub.members import mapping, text
from tracehub.model.part import Step
from tracehub.model.record import Event


class Clues(msgspec.Struct, frozen=True):
    """`links` pairs a run with the run above it.

    `asks` and `answers` pair an invocationId with the event's trace_id.
    """

    links: dict[str, str]
    asks: dict[str, str]
    answers: dict[str, str]


def clues_in(events: Iterable[Event]) -> Clues:
    """The clues of all `events`."""
    clues = Clues({}, {}, {})
    for event in events:
        if event.run_id is not None and event.run_id != event.trace_id:
            clues.links.setdefault(event.run_id, event.trace_id)
        match event.kind:
            case "trace":
                _from_trace(event, clues)
            case "return_control":
                if asked := text(mapping(event.body, "returnControl"), "invocationId"):
                    clues.asks[asked] = event.trace_id
            case "request":
                if answered := answered_id(mapping(event.body, "request")):
                    clues.answers[answered] = event.trace_id
            case _:
                pass
    return clues


def may_ask(event: Event) -> bool:
    """Whether `event` can hand control back."""
    if event.kind == "trace" and event.part:
        return any(_asked(step) is not None for step in event.part.steps if step.member == "invocationInput")
    return event.kind == "return_control"


def _from_trace(event: Event, clues: Clues) -> None:
    for step in event.part.steps if event.part else ():
        if step.member == "observation":
            if "agentCollaboratorInvocationOutput" in step.value:
                metadata = mapping(mapping(step.value, "agentCollaboratorInvocationOutput"), "metadata")
                child = run_of(text(metadata, "clientRequestId"))
                if child and event.run_id and child != event.run_id:
                    clues.links[child] = event.run_id
        elif step.member == "invocationInput" and (asked := _asked(step)):
            clues.asks[asked] = event.trace_id


def _asked(step: Step) -> str | None:
    return text(mapping(step.value, "actionGroupInvocationInput"), "invocationId")
