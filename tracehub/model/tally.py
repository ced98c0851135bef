"""What calls add up to: counts and sums that can be added again."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

# Kinds of cells beside those of spans: whole turns, sessions that began, sessions by the tools they call, the time to
# an answer's first text, a tool after another in a turn (`detail` is the one before), turns by their number of calls.
TURN, SESSION, SESSION_TOOL, FIRST_TEXT, FOLLOWS, TURN_CALLS = (
    "turn",
    "session",
    "session_tool",
    "first_text",
    "follows",
    "turn_calls",
)
# What only alerts ask for. Turns by their outcome; steps that Bedrock sent back, by REPROMPT or SILENT_REPROMPT; turns
# whose returned control nobody has answered; tool calls that repeat one of their turn.
OUTCOME, REPROMPTED, UNANSWERED, REPEATED = "outcome", "reprompted", "unanswered", "repeated"
REPROMPT, SILENT_REPROMPT = "reprompt", "silent_reprompt"


class Tally(msgspec.Struct, kw_only=True):
    """Sums over calls; those that may be None are None where no call reported any.

    `turns` counts the turns with such calls. `errors_reported` and `errors_inferred` are disjoint. `results` are the
    passages that lookups found, `empty_calls` lookups that found none, `uncited_calls` those that found some of which
    the answer cites none; `durations` counts calls by the buckets of `store.latency`.
    """

    calls: int = 0
    turns: int = 0
    failed: int = 0
    blocked: int = 0
    errors_reported: int = 0
    errors_inferred: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    calls_with_tokens: int = 0
    cost_nano_usd: int | None = None
    priced_calls: int = 0
    input_bytes: int | None = None
    calls_with_input: int = 0
    output_bytes: int | None = None
    calls_with_output: int = 0
    results: int | None = None
    calls_with_results: int = 0
    empty_calls: int = 0
    cited: int | None = None
    calls_with_citations: int = 0
    uncited_calls: int = 0
    last_at: int | None = None
    timed_calls: int = 0
    total_us: int | None = None
    durations: dict[int, int] = {}


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The tally of one stretch of time and one version of an agent. `began_at` is microseconds since 1970 UTC."""

    began_at: int
    kind: str
    name: str
    detail: str | None
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    tally: Tally


DIMENSIONS = ("kind", "name", "detail", "agent_id", "alias_id", "agent_version")
SUMS = tuple(name for name in Tally.__struct_fields__ if name not in ("last_at", "durations"))


def cell_of(began_at: int, dimensions: Sequence[Any], tally: Tally) -> Cell:
    """The cell of these DIMENSIONS, in their order."""
    kind, name, detail, agent_id, alias_id, agent_version = dimensions
    return Cell(
        began_at=began_at,
        kind=kind,
        name=name,
        detail=detail,
        agent_id=agent_id,
        alias_id=alias_id,
        agent_version=agent_version,
        tally=tally,
    )


def total(tallies: Iterable[Tally]) -> Tally:
    """The tallies added together."""
    found = Tally(durations={})
    for tally in tallies:
        add(found, tally)
    return found


def add(found: Tally, more: Tally) -> None:
    """Adds `more` to `found`."""
    for name in SUMS:
        value = getattr(more, name)
        if value:
            setattr(found, name, (getattr(found, name) or 0) + value)
        elif value == 0 and getattr(found, name) is None:
            setattr(found, name, 0)
    if more.last_at is not None and (found.last_at is None or more.last_at > found.last_at):
        found.last_at = more.last_at
    durations = found.durations
    for bucket, calls in more.durations.items():
        durations[bucket] = durations.get(bucket, 0) + calls
