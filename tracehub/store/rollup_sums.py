"""What rollups say of long stretches or of many: summed by the database, without what few ask for."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from tracehub.model.tally import TURN, Tally, add
from tracehub.store.rollups import HOUR, MINUTE_US
from tracehub.store.schema import DEFAULT_PROJECT, rollup_marks, rollups

_SUMMED = (
    "calls",
    "turns",
    "failed",
    "blocked",
    "errors_reported",
    "errors_inferred",
    "input_tokens",
    "output_tokens",
    "calls_with_tokens",
    "cost_nano_usd",
    "priced_calls",
    "calls_with_results",
    "empty_calls",
)
_SLOT_US = 5 * MINUTE_US
_read_durations = msgspec.msgpack.Decoder(dict[int, int]).decode


class Caller(msgspec.Struct, frozen=True, array_like=True):
    """Who called what: the dimensions of a sum. `kind` and `name` are those of a rollup."""

    kind: str
    name: str
    agent_id: str | None
    alias_id: str | None
    agent_version: str | None


class Only(msgspec.Struct, frozen=True, kw_only=True):
    """Which cells to read; empty is no condition."""

    names: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


_ALL = Only()
_DIMENSIONS = (
    rollups.c.kind,
    rollups.c.name,
    rollups.c.agent_id,
    rollups.c.alias_id,
    rollups.c.agent_version,
)


def sums(
    connection: Connection,
    kinds: Iterable[str],
    minutes: int,
    since: int,
    until: int,
    *,
    timed: bool,
    project: str = DEFAULT_PROJECT,
) -> dict[Caller, Tally]:
    """What calls add up to from `since` to `until` (microseconds, on bounds of stretches of `minutes`).

    `timed` reads their durations too, which the database cannot sum.
    """
    conditions = _conditions(project, kinds, minutes, since, until, _ALL)
    summed = [func.sum(rollups.c[name]) for name in _SUMMED]
    found: dict[Caller, Tally] = {}
    for row in connection.execute(select(*_DIMENSIONS, *summed).where(*conditions).group_by(*_DIMENSIONS)):
        found[Caller(*row[: len(_DIMENSIONS)])] = _tally(row[len(_DIMENSIONS) :])
    if timed:
        durations = select(*_DIMENSIONS, rollups.c.durations).where(*conditions, rollups.c.durations.is_not(None))
        for row in connection.execute(durations):
            counted = found[Caller(*row[: len(_DIMENSIONS)])].durations
            for bucket, calls in _read_durations(row[-1]).items():
                counted[bucket] = counted.get(bucket, 0) + calls
    return found


def by_slot(
    connection: Connection,
    kinds: Iterable[str],
    minutes: int,
    since: int,
    until: int,
    *,
    timed: bool,
    only: Only = _ALL,
    project: str = DEFAULT_PROJECT,
) -> list[tuple[int, Caller, Tally]]:
    """The same for each stretch of `minutes`, with when it began (microseconds), oldest first."""
    columns = [rollups.c[name] for name in _SUMMED]
    query = select(rollups.c.slot, *_DIMENSIONS, *columns, *([rollups.c.durations] if timed else []))
    query = query.where(*_conditions(project, kinds, minutes, since, until, only)).order_by(rollups.c.slot)
    found = []
    first, last = 1 + len(_DIMENSIONS), 1 + len(_DIMENSIONS) + len(_SUMMED)
    callers: dict[tuple[Any, ...], Caller] = {}
    for row in connection.execute(query):
        values = tuple(row)
        tally = Tally(**dict(zip(_SUMMED, values[first:last], strict=True)), durations={})
        if timed and values[-1]:
            tally.durations = _read_durations(values[-1])
        who = values[1:first]
        caller = callers.get(who)
        if caller is None:
            caller = callers[who] = Caller(*who)
        found.append((values[0] * minutes * MINUTE_US, caller, tally))
    return found


def versions(
    connection: Connection, since: int, until: int, *, project: str = DEFAULT_PROJECT
) -> list[tuple[str | None, str, str, int]]:
    """Agent, alias, version and the hour (microseconds) in which it was first called from `since` to `until`."""
    length = HOUR * MINUTE_US
    agent = (rollups.c.agent_id, rollups.c.alias_id, rollups.c.agent_version)
    query = select(*agent, func.min(rollups.c.slot)).where(
        *_conditions(project, [TURN], HOUR, since - since % length, until, _ALL),
        rollups.c.alias_id.is_not(None),
        rollups.c.agent_version.is_not(None),
    )
    return [
        (who, alias, version, slot * length) for who, alias, version, slot in connection.execute(query.group_by(*agent))
    ]


def marked(connection: Connection, since: int, until: int, *, project: str = DEFAULT_PROJECT) -> int:
    """How many stretches of five minutes from `since` to `until` are not added up yet."""
    query = select(func.count(rollup_marks.c.slot.distinct())).where(
        rollup_marks.c.project_id == project,
        rollup_marks.c.slot >= since // _SLOT_US,
        rollup_marks.c.slot < -(-until // _SLOT_US),
    )
    return connection.scalar(query) or 0


def merged(found: Sequence[dict[Caller, Tally]]) -> dict[Caller, Tally]:
    """Several sums as one; they stay as they are."""
    whole: dict[Caller, Tally] = {}
    for part in found:
        for caller, tally in part.items():
            add(whole.setdefault(caller, Tally(durations={})), tally)
    return whole


def _conditions(
    project: str, kinds: Iterable[str], minutes: int, since: int, until: int, only: Only
) -> list[ColumnElement[bool]]:
    length = minutes * MINUTE_US
    conditions: list[ColumnElement[bool]] = [
        rollups.c.project_id == project,
        rollups.c.minutes == minutes,
        rollups.c.slot >= since // length,
        rollups.c.slot < -(-until // length),
        rollups.c.kind.in_(list(kinds)),
    ]
    for column, wanted in (
        (rollups.c.name, only.names),
        (rollups.c.agent_id, only.agents),
        (rollups.c.alias_id, only.aliases),
        (rollups.c.agent_version, only.versions),
    ):
        if wanted:
            conditions.append(column.in_(wanted))
    return conditions


def _tally(values: Sequence[Any]) -> Tally:
    """PostgreSQL sums bigint as numeric, but these are whole numbers."""
    named = {name: None if value is None else int(value) for name, value in zip(_SUMMED, values, strict=True)}
    return Tally(**named, durations={})  # type: ignore[arg-type]
