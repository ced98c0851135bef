"""A span while it is being put together."""

from hashlib import sha256
from typing import Any

from tracehub.bedrock.order import Item
from tracehub.bedrock.times import microseconds
from tracehub.members import Json, mapping, text
from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    Phase,
    RetrievalSpan,
    Span,
    SpanError,
    ToolSpan,
)

_TYPES: dict[str, type[Span]] = {
    "agent": AgentSpan,
    "model": ModelSpan,
    "tool": ToolSpan,
    "code": CodeSpan,
    "retrieval": RetrievalSpan,
    "guardrail": GuardrailSpan,
    "custom": CustomSpan,
}


class Draft:
    """A span's kind, times and fields as they become known; `freeze` makes the span."""

    __slots__ = (
        "children",
        "closed",
        "derived",
        "end",
        "error",
        "events",
        "fields",
        "iteration",
        "key",
        "kind",
        "missing",
        "name",
        "outcome",
        "phase",
        "run_id",
        "start",
        "step_id",
    )

    def __init__(
        self, kind: str, name: str, key: str, run_id: str | None, step_id: str | None, phase: Phase | None
    ) -> None:
        self.kind = kind
        self.name = name
        self.key = key
        self.run_id = run_id
        self.step_id = step_id
        self.phase = phase
        self.iteration: int | None = None
        self.start: int | None = None
        self.end: int | None = None
        self.derived = False
        self.outcome = Outcome.OK
        self.error: SpanError | None = None
        self.missing: list[str] = []
        self.events: list[str] = []
        self.fields: dict[str, Any] = {}
        self.children: list[Draft] = []
        self.closed = False

    def saw(self, item: Item) -> None:
        """Notes that `item` says something of this span."""
        if item.event.event_id not in self.events:
            self.events.append(item.event.event_id)

    def lasted(self, start: int | None, end: int | None, *, derived: bool) -> None:
        """Sets the times where any is known; an end before its start is no end."""
        if start is not None and end is not None and end < start:
            end = None
        if start is not None or end is not None:
            self.start, self.end, self.derived = start, end, derived

    def failed(self, error: SpanError) -> None:
        """Notes an error; only a reported one makes the span a failure, and it outranks an inferred one."""
        if error.source is ErrorSource.REPORTED:
            self.outcome = Outcome.FAILED
            self.error = error
        elif self.error is None:
            self.error = error

    def finish_with(self, finish: Json | None) -> None:
        """Takes the run's times, and its answer where none is known, from its final response."""
        if finish is None:
            return
        metadata = mapping(finish, "metadata")
        start, end = microseconds(metadata.get("startTime")), microseconds(metadata.get("endTime"))
        if start is not None and end is not None and end >= start:
            known = [at for at in (self.start, self.end) if at is not None]
            self.start, self.end, self.derived = min([start, *known]), max([end, *known]), False
        if self.fields.get("output") is None:
            self.fields["output"] = text(finish, "text")

    def freeze(self, parent_id: str | None, trace_id: str, counts: dict[str, int]) -> Span:
        """The span, named by a hash of its trace, its key and its number among equal keys."""
        number = counts.get(self.key, 0)
        counts[self.key] = number + 1
        return _TYPES[self.kind](
            span_id=_span_id(trace_id, f"{self.key}#{number}"),
            parent_id=parent_id,
            name=self.name,
            phase=self.phase,
            run_id=self.run_id,
            step_id=self.step_id,
            iteration=self.iteration,
            started_at=self.start,
            ended_at=self.end,
            times_derived=self.derived,
            outcome=self.outcome,
            error=self.error,
            missing=tuple(self.missing),
            event_ids=tuple(self.events),
            **self.fields,
        )


def _span_id(trace_id: str, key: str) -> str:
    digest = sha256(b"tracehub/span/1\0" + trace_id.encode() + b"\0" + key.encode("utf-8", "replace")).digest()
    # All zeros is no valid OpenTelemetry span id.
    return digest[:8].hex() if any(digest[:8]) else digest[8:16].hex()
