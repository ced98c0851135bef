"""What the store knows of sources: how much came from each, how far it was read, what went wrong."""

import msgspec

from tracehub.model.listing import Counts

# Where a source was declared that nobody reads: what is pushed has sources too, from its first arrival on.
PUSHED = "push"


class ShardRow(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a source that one process reads at a time: a log group, a bucket's listing, a queue.

    `state` is a collector's State. Times are microseconds since 1970 UTC, None where unknown. `holder` is the process
    that reads it now, None where nobody does.
    """

    shard: str
    state: str
    read_until: int | None
    waiting: int | None
    error: str | None
    error_at: int | None
    told_at: int
    holder: str | None


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A declared source: `declaration` is JSON in the words of the configuration file, `declared_in` is `file`, `ui` or
    PUSHED.

    `newest_at` is the time of the newest thing that was read, `stored_at` when something was stored last (microseconds
    since 1970 UTC); `per_minute` the records of the last whole minute. `collect_from` is the time from which a person
    asked to collect again.
    """

    name: str
    kind: str
    declaration: str
    declared_in: str
    paused: bool
    generation: int
    collect_from: int | None
    created_at: int
    counts: Counts
    newest_at: int | None
    stored_at: int | None
    per_minute: int
    shards: tuple[ShardRow, ...]


class TracedShare(msgspec.Struct, frozen=True, kw_only=True):
    """Of `calls` that AWS counted from `since` to `until` (microseconds since 1970 UTC), `traced` have a trace."""

    calls: int
    traced: int
    since: int
    until: int


class ObjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an object that could not be read. `size` in bytes, None where unknown."""

    object_id: str
    source: str
    bucket: str
    key: str
    version: str
    state: str
    size: int | None
    attempts: int
    error: str | None
    updated_at: int
