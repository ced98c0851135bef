"""A span as one row of a table: what analysts join, group and sum."""

from tracehub.model.listing import SpanRow, TraceRow
from tracehub.web.twins.values import Value

# Name, and the kind of its values: text, whole, number, moment (microseconds since 1970 UTC) or flag.
COLUMNS = (
    ("session_id", "text"),
    ("trace_id", "text"),
    ("seq", "whole"),
    ("span_id", "text"),
    ("parent_seq", "whole"),
    ("depth", "whole"),
    ("kind", "text"),
    ("phase", "text"),
    ("name", "text"),
    ("iteration", "whole"),
    ("agent_id", "text"),
    ("alias_id", "text"),
    ("agent_version", "text"),
    ("started_at", "moment"),
    ("ended_at", "moment"),
    ("duration_ms", "number"),
    ("times_derived", "flag"),
    ("outcome", "text"),
    ("error_source", "text"),
    ("error_type", "text"),
    ("error_text", "text"),
    ("model_id", "text"),
    ("input_tokens", "whole"),
    ("output_tokens", "whole"),
    ("cost_usd", "number"),
    ("rationale", "text"),
    ("summary", "text"),
)


def values_of(trace: TraceRow, span: SpanRow) -> tuple[Value, ...]:
    """The values of COLUMNS; None is unknown."""
    known = span.started_at is not None and span.ended_at is not None
    lasted = (span.ended_at - span.started_at) / 1000 if known else None  # type: ignore[operator]
    return tuple(
        trace.session_id
        if name == "session_id"
        else lasted
        if name == "duration_ms"
        else span.outcome.value
        if name == "outcome"
        else getattr(span, name)
        for name, _ in COLUMNS
    )
