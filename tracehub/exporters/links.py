"""Spans of other traces that a trace points to."""

import msgspec


class SpanRef(msgspec.Struct, frozen=True, kw_only=True):
    """A span as it was exported: 32 and 16 hex digits."""

    trace_id: str
    span_id: str


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What only the store knows: the root of the session's turn before, the tool span whose return of control this
    trace answers."""

    previous_turn: SpanRef | None = None
    return_of_control: SpanRef | None = None


NO_LINKS = Links()
