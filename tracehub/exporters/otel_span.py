"""A span in OpenTelemetry's words, before it is written: what dialects rewrite."""

import msgspec

Value = str | bool | int | float | tuple[str, ...]
Attributes = dict[str, Value]

INTERNAL, CLIENT = 1, 3


class OtelEvent(msgspec.Struct):
    """Something said at a moment (microseconds since 1970 UTC; None is the span's end)."""

    name: str
    at: int | None
    attributes: Attributes


class OtelLink(msgspec.Struct, frozen=True):
    """Points to a span of this trace (`trace_id` None) or of another one."""

    trace_id: str | None
    span_id: str
    attributes: Attributes


class OtelSpan(msgspec.Struct):
    """One span. Ids are as in our own trace; `failure` is None unless it failed, and else what describes that."""

    span_id: str
    parent_id: str | None
    name: str
    kind: int
    attributes: Attributes
    started_at: int = 0
    ended_at: int = 0
    failure: str | None = None
    events: list[OtelEvent] = []
    links: list[OtelLink] = []
