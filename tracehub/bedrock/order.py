"""Puts a run's steps in the order they happened, from what they say and not from when they arrived."""

from collections.abc import Iterable, Sequence

import msgspec

from tracehub.bedrock.times import microseconds
from tracehub.members import mapping
from tracehub.model.part import Part, Step
from tracehub.model.record import Event

_RANK = {
    "modelInvocationInput": 0,
    "modelInvocationOutput": 1,
    "rationale": 2,
    "invocationInput": 3,
    "observation": 4,
    "failureTrace": 5,
}
_PHASE = {"preProcessingTrace": 0, "postProcessingTrace": 2, "failureTrace": 4}
_CALLS = (3, 4)


class Item(msgspec.Struct, frozen=True):
    """One step with the event and TracePart it came in. `at` is when it was emitted, in microseconds."""

    event: Event
    part: Part
    step: Step
    at: int | None


def items_of(event: Event, part: Part) -> list[Item]:
    """The steps of one TracePart."""
    return [Item(event, part, step, _emitted_at(part, step)) for step in part.steps]


def in_order(items: Iterable[Item]) -> list[Item]:
    """The steps of one run, first to last.

    By time where every step has one; else by phase and the number in the traceId, as both are AWS's own count. The
    position in the record only breaks ties.
    """
    listed = list(items)
    if all(item.at is not None for item in listed):
        return sorted(listed, key=_by_time)
    return sorted(listed, key=_by_number)


def _by_time(item: Item) -> tuple[int, int, int, int, str]:
    rank = _RANK.get(item.step.member, 2)
    return (item.at or 0, _number(item.step), rank, item.event.index, item.event.event_id)


def _by_number(item: Item) -> tuple[int, int, int, int, int, str]:
    rank = _RANK.get(item.step.member, 2)
    # Parallel calls share a traceId: input, observation, input, observation. Only their position tells them apart.
    group = 3 if rank in _CALLS else rank
    if item.step.member == "customOrchestrationTrace":
        return (_phase(item.step), _number(item.step), 9, item.event.index, rank, item.event.event_id)
    return (_phase(item.step), _number(item.step), group, item.event.index, rank, item.event.event_id)


def _phase(step: Step) -> int:
    if step.union == "guardrailTrace":
        return -1 if "-pre-" in (step.step_id or "-pre-") else 3
    return _PHASE.get(step.union, 1)


def _number(step: Step) -> int:
    """The number that ends a traceId; 0 where there is none."""
    tail = (step.step_id or "").rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 9 else 0


def _emitted_at(part: Part, step: Step) -> int | None:
    """The event's time, or its end where that is later.

    A routing classifier's output carries its start as eventTime.
    """
    if part.event_time is None or step.union != "routingClassifierTrace":
        return part.event_time
    ended = microseconds(output_metadata(step).get("endTime"))
    return max(part.event_time, ended) if ended is not None else part.event_time


def output_metadata(step: Step) -> dict[str, object]:
    """The metadata of an output, wherever the step keeps it; empty where it has none."""
    found = mapping(step.value, "metadata")
    if found or step.member != "observation":
        return found
    for value in step.value.values():
        if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
            return mapping(value, "metadata")
    return {}


def index_first(items: Sequence[Item]) -> int | None:
    """The earliest known time among `items`."""
    return min((item.at for item in items if item.at is not None), default=None)
