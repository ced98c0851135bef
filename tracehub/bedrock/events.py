"""Makes a stored event whole again."""

from typing import cast

import orjson

from tracehub.bedrock.shapes import part_of
from tracehub.errors import UndecodableError
from tracehub.members import Json
from tracehub.model.record import Event, EventKind


def parse_event(kind: EventKind, event_id: str, run_id: str | None, trace_id: str, index: int, raw: bytes) -> Event:
    """The event with its body and TracePart parsed from `raw`; UndecodableError where it is not what decoding wrote."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        msg = f"a stored event is not JSON: {error}"
        raise UndecodableError(msg) from error
    if not isinstance(body, dict):
        msg = "a stored event is not a JSON object"
        raise UndecodableError(msg)
    return Event(
        kind=kind,
        event_id=event_id,
        run_id=run_id,
        trace_id=trace_id,
        index=index,
        raw=raw,
        body=cast("Json", body),
        part=part_of(cast("Json", body)) if kind == "trace" else None,
    )
