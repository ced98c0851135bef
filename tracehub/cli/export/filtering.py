"""Which traces a command under `tracehub export` is about."""

from collections.abc import Sequence

from tracehub.collectors.since import moment_of
from tracehub.model.listing import Filter


def filter_of(since: str | None, until: str | None, agents: Sequence[str], *, now: int) -> Filter:
    """The filter that these options name; PermanentError for what is no time."""
    return Filter(
        agents=tuple(agents),
        since=moment_of(since, now) if since else None,
        until=moment_of(until, now) if until else None,
    )
