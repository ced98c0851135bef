"""Reads what rules measure in their windows: shared between the rules of one tick, or from stretches in memory."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

import msgspec
from sqlalchemy import Connection

from tracehub.alerting.measures import Amount, Group, amounts, kinds_of
from tracehub.model.measure import GroupBy
from tracehub.model.rule import Rule
from tracehub.model.tally import TURN, Tally
from tracehub.store import rollup_sums
from tracehub.store.rollup_sums import Caller
from tracehub.store.rollups import GRAINS, HOUR, MINUTE_US
from tracehub.store.schema import DEFAULT_PROJECT

_HOUR_US = HOUR * MINUTE_US
STEP_US = 5 * MINUTE_US
Slot = tuple[int, Caller, Tally]


class Version(msgspec.Struct, frozen=True):
    """A version of an agent behind an alias, and the hour in which it was first called."""

    version: str
    first_at: int


Aliases = dict[tuple[str | None, str], list[Version]]


class Windows(Protocol):
    """What was called from one moment to another (microseconds, on bounds of five minutes)."""

    def amounts(self, rule: Rule, group_by: Sequence[GroupBy], since: int, until: int) -> dict[Group, Amount]:
        """What the rule counts, for each group; not to be changed."""
        ...

    def versions(self, since: int, until: int) -> Aliases:
        """The versions of each agent's alias, the oldest first."""
        ...


class SharedWindows:
    """Windows over the rollups. What one rule read, all others of the tick have."""

    def __init__(self, connection: Connection, *, project: str = DEFAULT_PROJECT) -> None:
        self._connection = connection
        self._project = project
        self._pieces: dict[tuple[object, ...], dict[Caller, Tally]] = {}
        self._whole: dict[tuple[object, ...], dict[Caller, Tally]] = {}
        self._amounts: dict[tuple[object, ...], dict[Group, Amount]] = {}
        self._versions: dict[tuple[int, int], Aliases] = {}

    def amounts(self, rule: Rule, group_by: Sequence[GroupBy], since: int, until: int) -> dict[Group, Amount]:
        key = (rule.measure, rule.errors, rule.filter, tuple(group_by), since, until)
        found = self._amounts.get(key)
        if found is None:
            called = self._called(kinds_of(rule.measure), since, until, rule.about.percentile)
            found = self._amounts[key] = amounts(rule, group_by, called.items())
        return found

    def versions(self, since: int, until: int) -> Aliases:
        since -= since % _HOUR_US
        if (since, until) not in self._versions:
            rows = rollup_sums.versions(self._connection, since, until, project=self._project)
            self._versions[since, until] = _in_order(rows)
        return self._versions[since, until]

    def _called(self, kinds: tuple[str, ...], since: int, until: int, timed: bool) -> dict[Caller, Tally]:
        key = (kinds, since, until, timed)
        if key not in self._whole:
            pieces = [self._piece(kinds, *piece, timed) for piece in pieces_of(since, until)]
            self._whole[key] = pieces[0] if len(pieces) == 1 else rollup_sums.merged(pieces)
        return self._whole[key]

    def _piece(self, kinds: tuple[str, ...], minutes: int, since: int, until: int, timed: bool) -> dict[Caller, Tally]:
        key = (kinds, minutes, since, until, timed)
        if key not in self._pieces:
            self._pieces[key] = rollup_sums.sums(
                self._connection, kinds, minutes, since, until, timed=timed, project=self._project
            )
        return self._pieces[key]


def pieces_of(since: int, until: int) -> list[tuple[int, int, int]]:
    """A window as stretches of GRAINS: minutes, begin and end of each piece. Long windows are mostly days, so that
    few rows are read, and the same for many rules; the ends are hours and five minutes."""
    pieces: list[tuple[int, int, int]] = []
    left, right = since, until
    tail: list[tuple[int, int, int]] = []
    for minutes, longer in pairwise(GRAINS):
        length = longer * MINUTE_US
        up, down = -(-left // length) * length, right // length * length
        if up >= down:
            break
        if left < up:
            pieces.append((minutes, left, up))
        if down < right:
            tail.append((minutes, down, right))
        left, right = up, down
        minutes = longer
    else:
        return [*pieces, (GRAINS[-1], left, right), *reversed(tail)]
    return [*pieces, (minutes, left, right), *reversed(tail)]


class SlotWindows:
    """Windows over stretches of five minutes in memory, for going through many of them in order."""

    def __init__(self, slots: Iterable[Slot]) -> None:
        self._slots = sorted(slots, key=lambda slot: slot[0])
        self._turns = [(at, caller) for at, caller, _ in self._slots if caller.kind == TURN]
        self._series: dict[tuple[object, ...], dict[Group, _Series]] = {}

    def amounts(self, rule: Rule, group_by: Sequence[GroupBy], since: int, until: int) -> dict[Group, Amount]:
        series = self._of(rule, group_by)
        found = {
            group: amount for group, of in series.items() if (amount := of.between(since, until)).samples or amount.part
        }
        if not group_by:
            found.setdefault((), Amount(durations={}))
        return found

    def versions(self, since: int, until: int) -> Aliases:
        since -= since % _HOUR_US
        first: dict[tuple[str | None, str, str], int] = {}
        for at, caller in self._turns:
            if since <= at < until and caller.alias_id and caller.agent_version:
                first.setdefault((caller.agent_id, caller.alias_id, caller.agent_version), at - at % _HOUR_US)
        return _in_order([(*who, at) for who, at in first.items()])

    def _of(self, rule: Rule, group_by: Sequence[GroupBy]) -> dict[Group, "_Series"]:
        key = (rule.measure, rule.errors, rule.filter, tuple(group_by))
        if key not in self._series:
            wanted = kinds_of(rule.measure)
            found: defaultdict[Group, _Series] = defaultdict(_Series)
            for at, of_slot in _by_time(slot for slot in self._slots if slot[1].kind in wanted):
                for group, amount in amounts(rule, group_by, of_slot).items():
                    found[group].append(at, amount)
            self._series[key] = dict(found)
        return self._series[key]


class _Series:
    """One group's amounts over time, with running sums so that a window costs the same however long it is."""

    def __init__(self) -> None:
        self._at: list[int] = []
        self._parts = [0]
        self._samples = [0]
        self._durations: list[dict[int, int]] = []
        self._window = (0, 0)
        self._in_window: dict[int, int] = {}

    def append(self, at: int, amount: Amount) -> None:
        self._at.append(at)
        self._parts.append(self._parts[-1] + amount.part)
        self._samples.append(self._samples[-1] + amount.samples)
        self._durations.append(amount.durations)

    def between(self, since: int, until: int) -> Amount:
        first, last = bisect_left(self._at, since), bisect_left(self._at, until)
        return Amount(
            part=self._parts[last] - self._parts[first],
            samples=self._samples[last] - self._samples[first],
            durations=self._slide(first, last),
        )

    def _slide(self, first: int, last: int) -> dict[int, int]:
        """The durations of a window, from those of the one before it where they overlap."""
        before_first, before_last = self._window
        if not before_first <= first <= before_last <= last:
            before_first = before_last = first
            self._in_window = {}
        for durations in self._durations[before_last:last]:
            for bucket, calls in durations.items():
                self._in_window[bucket] = self._in_window.get(bucket, 0) + calls
        for durations in self._durations[before_first:first]:
            for bucket, calls in durations.items():
                self._in_window[bucket] -= calls
                if not self._in_window[bucket]:
                    del self._in_window[bucket]
        self._window = (first, last)
        return dict(self._in_window)


def _by_time(slots: Iterable[Slot]) -> Iterator[tuple[int, list[tuple[Caller, Tally]]]]:
    at, found = -1, list[tuple[Caller, Tally]]()
    for began_at, caller, tally in slots:
        if began_at != at:
            if found:
                yield at, found
            at, found = began_at, []
        found.append((caller, tally))
    if found:
        yield at, found


def _in_order(rows: Iterable[tuple[str | None, str, str, int]]) -> Aliases:
    found: defaultdict[tuple[str | None, str], list[Version]] = defaultdict(list)
    for agent, alias, version, first_at in rows:
        found[agent, alias].append(Version(version, first_at))
    for seen in found.values():
        # Versions are numbers: of two that begin in one hour the higher is the newer.
        seen.sort(key=lambda each: (each.first_at, len(each.version), each.version))
    return dict(found)
