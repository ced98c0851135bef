"""How many of the agents' calls have a trace here, in words."""

import msgspec
from sqlalchemy import Connection

from tracehub.model.source_rows import TracedShare
from tracehub.store.agent_calls import traced_share
from tracehub.web.pages.amounts import count, share
from tracehub.web.pages.moments import Moment, to_the_second


class TracedCalls(msgspec.Struct, frozen=True):
    """`62 % of the agents' calls are traced`, of how many that AWS counted, and when."""

    text: str
    detail: str
    since: Moment | None
    until: Moment | None
    is_short: bool


def traced_calls(connection: Connection, now: int) -> TracedCalls | None:
    """None where no count of AWS's is known: no source may read one, or no call was made."""
    found = traced_share(connection, now)
    return _worded(found) if found else None


def _worded(found: TracedShare) -> TracedCalls:
    whole = found.traced >= found.calls
    detail = f"{count(found.traced)} with a trace, {count(found.calls)} counted by CloudWatch (InvocationCount)"
    return TracedCalls(
        "All calls of agents are traced" if whole else f"{share(found.traced, found.calls)} of calls are traced",
        detail,
        to_the_second(found.since),
        to_the_second(found.until),
        not whole,
    )
