"""A session as one row of a table."""

from tracehub.model.listing import SessionRow
from tracehub.web.twins.values import Value

_FIELDS = (
    "session_id",
    "session_reported",
    "agent_id",
    "alias_id",
    "agent_version",
    "agent_name",
    "started_at",
    "ended_at",
    "question",
    "turns",
    "steps",
    "failed_turns",
    "blocked_turns",
    "incomplete_turns",
    "returned_turns",
    "errors_reported",
    "errors_inferred",
    "input_tokens",
    "output_tokens",
    "model_calls",
    "calls_with_tokens",
    "cost_usd",
    "priced_calls",
)
_MOMENTS = ("started_at", "ended_at")
COLUMNS = (*((name, "moment" if name in _MOMENTS else "value") for name in _FIELDS), ("working_ms", "value"))


def values_of(row: SessionRow) -> tuple[Value, ...]:
    """The values of COLUMNS; None is unknown."""
    working = None if row.working_us is None else row.working_us / 1000
    return (*(getattr(row, name) for name in _FIELDS), working)
