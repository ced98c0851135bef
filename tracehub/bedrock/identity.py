"""Names an event by its content, so that the same message from two sources is one event."""

from collections.abc import Iterable
from hashlib import sha256

import orjson

from tracehub.bedrock.times import microseconds
from tracehub.members import Json, mapping
from tracehub.model.part import Part, Step


def event_id_of_part(part: Part, occurrence: int) -> str:
    """32 hex digits from what a TracePart says, whatever shape, number format and time format it was written in."""
    content = [
        part.agent_id,
        part.alias_id,
        part.version,
        part.session_id,
        part.chain,
        part.collaborator,
        part.event_time,
        [(step.union, step.member, _canonical_step(step)) for step in part.steps or part.unknown],
    ]
    return repeated(_digest(content), occurrence)


def event_id_of_content(kind: str, content: object, occurrence: int) -> str:
    """32 hex digits for a message that is no TracePart; equal messages of one stream differ in `occurrence`."""
    return repeated(_digest([kind, content]), occurrence)


def repeated(event_id: str, occurrence: int) -> str:
    """The id of the message's repetition number `occurrence`; 0 is the message itself."""
    return sha256(b"%s#%d" % (event_id.encode(), occurrence)).hexdigest()[:32] if occurrence else event_id


def hash_of(event_ids: Iterable[str]) -> str:
    """32 hex digits that name a call which names itself nowhere."""
    return sha256("".join(event_ids).encode()).hexdigest()[:32]


def _digest(content: object) -> str:
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _canonical_step(step: Step) -> Json:
    """The step with its times as microseconds and its inference numbers as floats, as different writers disagree on
    both."""
    value = step.value
    if step.member == "modelInvocationInput":
        inference = mapping(value, "inferenceConfiguration")
        return {**value, "inferenceConfiguration": {name: _number(item) for name, item in inference.items()}}
    if "metadata" in value:
        return {**value, "metadata": _canonical_metadata(mapping(value, "metadata"))}
    if step.member == "observation":
        return {name: _canonical_output(item) for name, item in value.items()}
    return value


def _canonical_output(item: object) -> object:
    if isinstance(item, dict) and "metadata" in item:
        return {**item, "metadata": _canonical_metadata(mapping(item, "metadata"))}
    return item


def _canonical_metadata(metadata: Json) -> Json:
    times: Json = {name: microseconds(metadata[name]) for name in ("startTime", "endTime") if name in metadata}
    return {**metadata, **times}


def _number(item: object) -> object:
    return float(item) if isinstance(item, int) and not isinstance(item, bool) and abs(item) < 2**53 else item
