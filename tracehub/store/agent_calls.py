"""How many calls of agents AWS counted, and how many of them have a trace here."""

from sqlalchemy import Connection, func, select

from tracehub.model.source_rows import TracedShare
from tracehub.store.dialect import upsert
from tracehub.store.schema import DEFAULT_PROJECT, agent_calls, traces

# Calls are counted each quarter of an hour, up to the last whole hour.
_LATELY = 3 * 3_600_000_000


def put(
    connection: Connection,
    account: str,
    region: str,
    *,
    since: int,
    until: int,
    calls: int,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Notes the latest count of an account and region."""
    key = {"project_id": project, "account": account, "region": region}
    upsert(connection, agent_calls, [{**key, "since": since, "until": until, "calls": calls}])


def traced_share(connection: Connection, now: int, *, project: str = DEFAULT_PROJECT) -> TracedShare | None:
    """How many of the calls that AWS counted have a trace; None where nothing was counted lately.

    All accounts and regions of the sources together, as a trace does not tell in which it was made.
    """
    query = select(func.min(agent_calls.c.since), func.max(agent_calls.c.until), func.sum(agent_calls.c.calls))
    found = connection.execute(
        query.where(agent_calls.c.project_id == project, agent_calls.c.until > now - _LATELY)
    ).first()
    if found is None or not found[2]:
        return None
    since, until, calls = int(found[0]), int(found[1]), int(found[2])
    traced = connection.scalar(
        select(func.count())
        .select_from(traces)
        .where(
            traces.c.project_id == project,
            traces.c.ordered_at >= since,
            traces.c.ordered_at < until,
            traces.c.started_at.is_not(None),
            traces.c.steps > 0,
        )
    )
    return TracedShare(calls=calls, traced=int(traced or 0), since=since, until=until)
