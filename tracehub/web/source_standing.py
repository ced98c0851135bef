"""How a source stands now, concluded from what its readers told and who holds what."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from tracehub.errors import PermanentError
from tracehub.model.source import CloudWatchSource, S3Source, Source, read_source
from tracehub.model.source_rows import PUSHED, ShardRow, SourceRow

# following, reading, waiting, failing: as collectors tell (collectors/status.py). unread: nobody reads it.
# receiving, idle: of what is pushed, whether something new came lately.
State = Literal["failing", "waiting", "unread", "reading", "following", "paused", "receiving", "idle"]
_WORST_FIRST: tuple[State, ...] = ("failing", "waiting", "unread", "reading", "following")
_MINUTE = 60_000_000
# Firehose may gather records for 15 minutes before it delivers them.
_LATELY = 15 * _MINUTE


class Part(msgspec.Struct, frozen=True):
    """One shard that is declared, or one proxy; `told` is None where no reader has told anything of it yet."""

    shard: str
    state: State
    told: ShardRow | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a source stands. `source` is its declaration, None where it cannot be read and for what is pushed.

    Times are microseconds since 1970 UTC. Everything of the source before `read_until` was read; None where that is not
    known of all its parts. `error` is the latest one, in full, of the part `error_in`; `error_stands` tells whether it
    still keeps something from being read. `per_minute` counts the records of the last whole minute, None where nothing
    new came lately.
    """

    state: State
    source: Source | None
    parts: tuple[Part, ...]
    read_until: int | None
    waiting: int | None
    error: str | None
    error_in: str | None
    error_at: int | None
    error_stands: bool
    per_minute: int | None


def standing(row: SourceRow, now: int) -> Standing:
    """The standing of a source, whatever its declaration holds."""
    if row.declared_in == PUSHED:
        state: State = "receiving" if row.stored_at is not None and now - row.stored_at < _LATELY else "idle"
        return _standing(row, now, state, None, tuple(Part(each.shard, state, each) for each in row.shards))
    try:
        source = declaration_of(row)
    except PermanentError as error:
        found = _standing(row, now, "paused" if row.paused else "failing", None, ())
        return msgspec.structs.replace(found, error=str(error), error_stands=True)
    parts = _parts(row, source)
    state = min((part.state for part in parts), key=_WORST_FIRST.index, default="unread")
    return _standing(row, now, "paused" if row.paused else state, source, parts)


def declaration_of(row: SourceRow) -> Source:
    """What the source was declared as; PermanentError where it cannot be read any more."""
    return read_source(words_in(row))


def words_in(row: SourceRow) -> dict[str, object]:
    """The words that the source was declared with; PermanentError where they are no JSON."""
    try:
        return msgspec.json.decode(row.declaration, type=dict[str, object])
    except msgspec.DecodeError as error:
        msg = f"the declaration of the source {row.name!r} is damaged: {error}"
        raise PermanentError(msg) from error


def _standing(row: SourceRow, now: int, state: State, source: Source | None, parts: tuple[Part, ...]) -> Standing:
    waiting = [part.told.waiting for part in parts if part.told and part.told.waiting is not None]
    failed = max((part for part in parts if part.told and part.told.error_at), key=_error_at, default=None)
    lately = row.counts.records == 0 or (row.stored_at is not None and now - row.stored_at < 2 * _MINUTE)
    return Standing(
        state=state,
        source=source,
        parts=parts,
        read_until=_read_until(parts),
        waiting=sum(waiting) if waiting else None,
        error=failed.told.error if failed and failed.told else None,
        error_in=failed.shard if failed else None,
        error_at=_error_at(failed) if failed else None,
        error_stands=failed is not None and failed.state in ("failing", "waiting"),
        per_minute=row.per_minute if lately else None,
    )


def _parts(row: SourceRow, source: Source) -> tuple[Part, ...]:
    """What is declared now: a part that was given up leaves its row behind."""
    told = {shard.shard: shard for shard in row.shards}
    return tuple(Part(shard=name, state=_state(told.get(name)), told=told.get(name)) for name in _declared(source))


def _declared(source: Source) -> Sequence[str]:
    """The parts that are read apart, as pipeline/plan.py names them."""
    match source:
        case CloudWatchSource():
            return tuple(dict.fromkeys(source.log_groups))
        case S3Source():
            queues = [f"queue {number}" for number in range(1, source.readers + 1)] if source.queue_url else []
            return ["listing", *queues] if source.list_seconds else queues


def _state(told: ShardRow | None) -> State:
    if told is None or told.holder is None:
        return "unread"
    match told.state:
        case "reading" | "following" | "waiting" | "failing":
            return told.state
        case _:
            return "reading"


def _read_until(parts: tuple[Part, ...]) -> int | None:
    """The oldest of the parts that can know it: a queue does not say how far it goes back."""
    known = [part.told.read_until if part.told else None for part in parts if not part.shard.startswith("queue ")]
    times = [at for at in known if at is not None]
    return min(times) if times and len(times) == len(known) else None


def _error_at(part: Part) -> int:
    return part.told.error_at or 0 if part.told else 0
