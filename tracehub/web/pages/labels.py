"""The words and marks for kinds, phases and outcomes."""

import msgspec

from tracehub.model.listing import SessionRow
from tracehub.model.span import ErrorSource, Outcome
from tracehub.web.pages.amounts import counted

KINDS = {
    "agent": "Agent",
    "model": "Model",
    "tool": "Tool",
    "code": "Code",
    "retrieval": "Knowledge",
    "guardrail": "Guardrail",
    "custom": "Note",
}
PHASES = {
    "pre_processing": "Pre-processing",
    "routing": "Routing",
    "orchestration": "Orchestration",
    "post_processing": "Post-processing",
    "guardrail": "Guardrail",
}
OUTCOMES = {
    Outcome.OK: "OK",
    Outcome.FAILED: "Failed",
    Outcome.BLOCKED: "Blocked by guardrail",
    Outcome.RETURNED_CONTROL: "Returned control",
    Outcome.INCOMPLETE: "Incomplete",
}
_MARKS = {
    Outcome.OK: ("✓", "ok"),
    Outcome.FAILED: ("✕", "err"),
    Outcome.BLOCKED: ("◆", "warn"),
    Outcome.RETURNED_CONTROL: ("↩", "info"),
    Outcome.INCOMPLETE: ("◌", "mute"),
}


class Badge(msgspec.Struct, frozen=True):
    """A state in words with a mark, so that colour is never all: `tone` is ok, err, soft, warn, info or mute."""

    mark: str
    text: str
    tone: str


def outcome_badge(outcome: Outcome) -> Badge:
    """How one trace or span ended."""
    mark, tone = _MARKS[outcome]
    return Badge(mark, OUTCOMES[outcome], tone)


def error_badge(source: str | None) -> Badge | None:
    """Whether AWS or the caller reported an error, or a rule concluded it from the output; None without any."""
    if source is None:
        return None
    if source == ErrorSource.INFERRED:
        return Badge("✕", "Error inferred", "soft")
    return Badge("✕", "Error reported", "err")


def session_badges(row: SessionRow, *, runs: bool = False) -> tuple[Badge, ...]:
    """What stands out in a session, the worst first; OK where nothing does. The turn of one that runs will yet end."""
    one, incomplete = row.turns == 1, row.incomplete_turns - runs
    found = (
        (runs, "●", "Running", "info"),
        (row.failed_turns, "✕", "Failed" if one else counted(row.failed_turns, "failed turn"), "err"),
        (row.errors_reported, "✕", counted(row.errors_reported, "error"), "err"),
        (row.errors_inferred, "✕", f"{row.errors_inferred:,} inferred", "soft"),
        (row.blocked_turns, "◆", "Blocked" if one else f"{row.blocked_turns:,} blocked", "warn"),
        (incomplete, "◌", "Incomplete" if one else f"{incomplete:,} incomplete", "mute"),
        (row.returned_turns, "↩", "Returned control" if one else f"{row.returned_turns:,} returned control", "info"),
    )
    badges = tuple(Badge(mark, text, tone) for number, mark, text, tone in found if number)
    return badges or (Badge("✓", "OK", "ok"),)


def agent_label(name: str | None, agent_id: str | None, inline: bool) -> str:
    """What to call an agent."""
    return name or agent_id or ("inline agent" if inline else "agent not reported")


def version_label(alias_id: str | None, version: str | None) -> str:
    """`PROD → 12`; what is unknown is left out."""
    return " → ".join(part for part in (alias_id, version) if part)
