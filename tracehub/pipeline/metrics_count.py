"""Counts the windows of metrics: every span once, in the window in which its call came to rest.

A window is a minute by the database's clock. It counts the calls that were written until SETTLE seconds before the
window's end, and those that never ended once nothing more came of them for GIVE_UP. What was counted is written down
in the same transaction; a window that was not finished is counted anew.
"""

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.exporters.metrics.otlp import requests_of
from tracehub.exporters.metrics.points import Points
from tracehub.model.listing import Key
from tracehub.model.metered import Metered
from tracehub.store import metered, metric_ledger, metric_windows
from tracehub.store.database import Database
from tracehub.store.dialect import lock_joins, now, oldest_writing
from tracehub.store.metric_windows import Mark

MINUTE_US = 60_000_000
# The last events of a call, and a collaborator's supervisor, may come a moment after it looks complete.
SETTLE_US = 20_000_000
GIVE_UP_US = 15 * MINUTE_US
# Datadog takes no metric that is older than an hour.
DATADOG_AGE_US = 55 * MINUTE_US
# A call whose first event came longer ago is not counted any more, as nobody remembers what was counted of it.
REMEMBERED_US = 30 * 24 * 60 * MINUTE_US
TRACES_AT_ONCE = 200
Check = Callable[[Connection], None]


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """For whom windows are counted: the name of a destination, its resource, and whether it takes old events."""

    name: str
    resource: dict[str, str]
    takes_old: bool = True


def count_window(
    database: Database,
    receivers: Sequence[Receiver],
    check: Check,
    *,
    clock: Callable[[Connection], int] = now,
    traces_at_once: int = TRACES_AT_ONCE,
) -> bool:
    """Counts the newest window that is over, with all that came since the last one that was counted; False where none
    is over. `check` raises in a transaction that must not be committed. The first window begins now and is empty."""
    with database.writing() as connection:
        check(connection)
        at = clock(connection)
        before = metric_windows.mark(connection)
        window = at // MINUTE_US
        if before is None:
            metric_windows.close(connection, Mark(window, at - SETTLE_US), ())
            return False
        if before.window >= window:
            return False
        metric_ledger.undo(connection, before.window)
        seen = min(window * MINUTE_US, oldest_writing(connection) or window * MINUTE_US)
        until = max(before.read_until, seen - SETTLE_US)
    by_age = {takes_old: _points(window, takes_old=takes_old) for takes_old in {each.takes_old for each in receivers}}
    counting = _Counting(database, window, tuple(by_age.values()), check, traces_at_once)
    given_up = until - GIVE_UP_US
    counting.count(before.read_until, until, given_up)
    counting.count(before.read_until - GIVE_UP_US, min(before.read_until, given_up), given_up, only_unfinished=True)
    ended_at = window * MINUTE_US
    requests = [
        (
            each.name,
            list(requests_of(by_age[each.takes_old], each.resource, began_at=ended_at - MINUTE_US, ended_at=ended_at)),
        )
        for each in receivers
    ]
    with database.writing() as connection:
        check(connection)
        metric_windows.close(connection, Mark(window, until), requests)
        metric_ledger.forget(connection, window - REMEMBERED_US // MINUTE_US - 1)
    return True


def _points(window: int, *, takes_old: bool) -> Points:
    return Points(None if takes_old else window * MINUTE_US - DATADOG_AGE_US)


class _Counting:
    """Counts for one window, a transaction for every so many traces."""

    def __init__(
        self, database: Database, window: int, points: Sequence[Points], check: Check, traces_at_once: int
    ) -> None:
        self._database = database
        self._window = window
        self._points = points
        self._check = check
        self._traces_at_once = traces_at_once

    def count(self, after: int, until: int, given_up: int, *, only_unfinished: bool = False) -> None:
        """Counts what was written later than `after` and not later than `until`."""
        beyond: Key | None = None
        more = True
        while more:
            with self._database.writing() as connection:
                self._check(connection)
                # No trace may become part of another meanwhile.
                lock_joins(connection, joins=False)
                found = metered.settled(
                    connection,
                    after=after,
                    until=until,
                    given_up=given_up,
                    only_unfinished=only_unfinished,
                    beyond=beyond,
                    limit=self._traces_at_once,
                )
                new = self._new_spans(connection, found, given_up)
            for points in self._points:
                points.add(new)
            more = len(found) == self._traces_at_once
            beyond = found[-1].key if found else None

    def _new_spans(self, connection: Connection, found: Sequence[metered.Settled], given_up: int) -> list[Metered]:
        oldest = self._window * MINUTE_US - REMEMBERED_US
        countable = [trace for trace in found if trace.received_at >= oldest]
        new: list[Metered] = []
        counted: dict[str, metric_ledger.Counted] = {}
        spans = metered.of_traces(connection, countable)
        present = {trace_id: [span.span_id for span in found] for trace_id, found in spans.items()}
        ledgers = metric_ledger.of_traces(connection, present)
        for trace in countable:
            trace_id = trace.key.id
            ledger = ledgers.get(trace_id)
            if ledger is None:
                continue
            for span in spans[trace_id]:
                if span.waits and trace.key.value > given_up:
                    continue
                if ledger.count(span.span_id, _sort(span.metered)):
                    new.append(span.metered)
            if ledger.news is not None:
                counted[trace_id] = ledger.news
        metric_ledger.add(connection, self._window, counted)
        return new


def _sort(span: Metered) -> int:
    """Alike are agents by their id, as a supervisor calls them by other names; models by theirs."""
    name = {"agent": span.agent_id, "model": span.model_id}.get(span.kind, span.name)
    return metric_ledger.sort_of(span.kind, name or "")
