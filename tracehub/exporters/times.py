"""Gives every span a beginning and an end: OTLP has no way to say that a time is unknown."""

from collections.abc import Sequence

from tracehub.errors import PermanentError
from tracehub.exporters.otel_span import OtelSpan
from tracehub.model.span import Span
from tracehub.model.trace import Trace


def set_times(told: Sequence[OtelSpan], trace: Trace, received_at: int | None, estimated: str) -> None:
    """Sets the times of the trace's spans, which `told` holds in the same order: pre-order.

    What is unknown begins when the sibling before it ended, else with its parent, and lasts no time. Every span then
    reaches over all those below it. `estimated` is set where AWS reported no time; PermanentError where nothing in the
    trace tells a time and `received_at` does not either.
    """
    by_id: dict[str, OtelSpan] = {}
    reached: dict[str | None, int] = {None: _beginning(trace, received_at)}
    for span, out in zip(trace.spans, told, strict=True):
        start, end = _known(span)
        if span.times_derived or start is None or end is None:
            out.attributes[estimated] = True
        if start is None:
            start = end if end is not None else reached.get(span.parent_id, reached[None])
        out.started_at, out.ended_at = start, max(start, start if end is None else end)
        reached[span.span_id] = start
        reached[span.parent_id] = max(out.ended_at, reached.get(span.parent_id, 0))
        by_id[span.span_id] = out
    for out in reversed(told):
        parent = by_id.get(out.parent_id or "")
        if parent is not None:
            parent.started_at = min(parent.started_at, out.started_at)
            parent.ended_at = max(parent.ended_at, out.ended_at)


def _known(span: Span) -> tuple[int | None, int | None]:
    return (span.started_at or None), (span.ended_at or None)


def _beginning(trace: Trace, received_at: int | None) -> int:
    """When the trace began, for spans that do not know when they did."""
    times = [at for span in trace.spans for at in _known(span) if at is not None]
    if times:
        return min(times)
    seen = (trace.times.asked_at, trace.times.answered_at, trace.times.first_text_at, trace.times.closed_at)
    at = next((at for at in (*seen, received_at) if at), None)
    if at is None:
        msg = f"nothing in trace {trace.trace_id} tells when it was"
        raise PermanentError(msg)
    return at
