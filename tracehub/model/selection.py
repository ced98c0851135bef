"""Which traces a destination wants: its filter, then its sampling, always of whole traces."""

import msgspec

from tracehub.model.destination import Destination
from tracehub.model.listing import TraceRow
from tracehub.model.span import Outcome
from tracehub.model.trace import Trace

# The rightmost 56 bits are the random ones of a trace id (W3C Trace Context, level 2); those of a UUID are, too.
_RANDOM_DIGITS, _RANDOM = 14, 1 << 56


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides of one trace. `failed` is that it failed or had an error, reported or inferred; `us` how long it
    took, None where unknown."""

    trace_id: str
    agent_id: str | None
    agent_name: str | None
    alias_id: str | None
    outcome: Outcome
    failed: bool
    us: int | None


def facts_of(trace: Trace) -> Facts:
    """What an assembled trace says."""
    return Facts(
        trace_id=trace.trace_id,
        agent_id=trace.agent.agent_id,
        agent_name=trace.agent.name,
        alias_id=trace.agent.alias_id,
        outcome=trace.outcome,
        failed=trace.outcome is Outcome.FAILED or any(span.error is not None for span in trace.spans[1:]),
        us=_between(trace.started_at, trace.ended_at),
    )


def facts_of_row(row: TraceRow) -> Facts:
    """What a stored trace's row says: the same."""
    return Facts(
        trace_id=row.trace_id,
        agent_id=row.agent_id,
        agent_name=row.agent_name,
        alias_id=row.alias_id,
        outcome=row.outcome,
        failed=row.outcome is Outcome.FAILED or row.errors_reported + row.errors_inferred > 0,
        us=_between(row.started_at, row.ended_at),
    )


def wants(destination: Destination, facts: Facts) -> bool:
    """Whether the trace is to be sent there, as it is now."""
    return chosen(destination, facts) and sampled(destination, facts)


def chosen(destination: Destination, facts: Facts) -> bool:
    """Whether it passes the filter."""
    choice = destination.filter
    return (
        (not choice.agents or facts.agent_id in choice.agents or facts.agent_name in choice.agents)
        and (not choice.aliases or facts.alias_id in choice.aliases)
        and (not choice.outcomes or facts.outcome in choice.outcomes)
    )


def sampled(destination: Destination, facts: Facts) -> bool:
    """Whether it is among those that are kept."""
    sampling = destination.sampling
    if sampling.errors and facts.failed:
        return True
    slow = sampling.slower_than_seconds
    if slow is not None and facts.us is not None and facts.us > slow * 1_000_000:
        return True
    return int(facts.trace_id[-_RANDOM_DIGITS:], 16) >= round((1 - sampling.share) * _RANDOM)


def _between(started_at: int | None, ended_at: int | None) -> int | None:
    return None if started_at is None or ended_at is None else ended_at - started_at
