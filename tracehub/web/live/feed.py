"""Asks the store what has arrived since it was last asked."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import msgspec
from sqlalchemy import Connection

from tracehub.model.change import Change
from tracehub.model.listing import Filter, SpanRow, TraceRow
from tracehub.store import changes, dialect, spans, traces
from tracehub.web.live.memory import Memory

# On PostgreSQL a transaction may end after others that wrote later, so each question reaches back behind what is known:
# mostly not far, and now and then over the longest that a transaction takes.
BACK_US = 2_000_000
FAR_BACK_US = 60_000_000
FAR_EVERY = 8
# What was written shortly before the first question is read too: of a trace that grows its steps until then are old.
BEFORE_US = 300_000_000
MOST_CHANGES = 1000
MOST_STEPS = 500
EVERYTHING = Filter()


class Step(msgspec.Struct, frozen=True):
    """A step that is new or has changed, with the trace it belongs to, and when this version of it was written."""

    trace: TraceRow
    span: SpanRow
    written_at: int


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What has arrived, the oldest first.

    `steps` are those that were read; of the traces in `unread` only the number of their further steps is known, and
    with a `gap` not even that. `matches` has the traces that match each filter asked for. Asking from `cursor` on
    misses nothing.
    """

    cursor: int
    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    unread: Mapping[str, int] = {}
    gap: bool = False
    matches: Mapping[Filter, Collection[str]] = {}


class Feed:
    """Tells each step once, and again when it has changed. Threads may share it: its answers are one after the other.

    The first question, whichever it is, settles what is old.
    """

    def __init__(
        self, reading: Callable[[], AbstractContextManager[Connection]], *, most_steps: int = MOST_STEPS
    ) -> None:
        self._reading = reading
        self._most_steps = most_steps
        self._lock = threading.Lock()
        self._memory = Memory()
        self._newest: int | None = None
        self._polls = 0

    def poll(self, filters: Collection[Filter] = ()) -> News:
        """What has arrived since the last time."""
        with self._lock, self._reading() as connection:
            newest = self._begin(connection)
            back = BACK_US if self._polls % FAR_EVERY else FAR_BACK_US
            self._polls += 1
            listed = changes.newest(connection, since=newest - back, limit=MOST_CHANGES)
            found = self._memory.unseen(listed)
            if not found:
                return News(cursor=newest)
            self._newest = newest = max(newest, found[0].written_at)
            whole, left = _affordable(found, self._most_steps)
            steps = tuple(
                Step(trace, span, change.written_at)
                for change, trace, rows in _read(connection, whole)
                for span in self._memory.note(change, rows)
            )
            unread = {change.trace_id: self._memory.skip(change) for change in left}
            self._memory.forget(newest - 2 * BEFORE_US)
            changed = [change.trace_id for change in found]
            return News(
                cursor=newest,
                changes=found[::-1],
                steps=steps,
                unread=unread,
                gap=len(found) == MOST_CHANGES,
                matches={filter: changes.matching(connection, changed, filter) for filter in filters},
            )

    def replay(self, filter: Filter, after: int) -> News:
        """What of it matches and arrived after the cursor `after`, until now; `poll` may tell it too."""
        with self._lock, self._reading() as connection:
            newest = self._begin(connection)
            since = after - BACK_US
            found = changes.newest(connection, since=since, filter=filter, limit=MOST_CHANGES)
            whole, left = _affordable(found, self._most_steps)
            steps = [
                Step(trace, span, at)
                for change, trace, rows in _read(connection, whole)
                for span in rows
                if (at := self._memory.since(span) or change.written_at) >= since
            ]
            too_many = steps[: -self._most_steps]
            dropped = [*(change.written_at for change in left), *(step.written_at for step in too_many)]
            gap = max(dropped, default=0) > after
            return News(cursor=newest, changes=found[::-1], steps=tuple(steps[-self._most_steps :]), gap=gap)

    def changes_of(self, session_id: str, after: int) -> News:
        """The changes of a session that were written after `after`, until now; `poll` may tell them too."""
        with self._lock, self._reading() as connection:
            newest = self._begin(connection)
            found = changes.newest(connection, since=after + 1, session_id=session_id, limit=MOST_CHANGES)
            return News(cursor=newest, changes=found[::-1])

    def _begin(self, connection: Connection) -> int:
        """The newest time that was seen; the first time, what is old is read."""
        if self._newest is None:
            self._newest = dialect.now(connection)
            old = changes.newest(connection, since=self._newest - BEFORE_US, limit=MOST_CHANGES)
            whole, left = _affordable(old, 4 * self._most_steps)
            for change, _, rows in _read(connection, whole):
                self._memory.note(change, rows)
            for change in left:
                self._memory.skip(change)
        return self._newest


def latest(connection: Connection, filter: Filter, most: int) -> tuple[Step, ...]:
    """The last steps that arrived of what matches, the oldest first."""
    found = changes.newest(connection, filter=filter, limit=most)
    whole, _ = _affordable(found, most)
    read = _read(connection, whole)
    return tuple(Step(trace, span, change.written_at) for change, trace, rows in read for span in rows)[-most:]


def _affordable(found: Sequence[Change], most_steps: int) -> tuple[Sequence[Change], Sequence[Change]]:
    """The newest changes until they have so many steps, but at least one; and the others."""
    steps = 0
    for place, change in enumerate(found):
        if place and steps >= most_steps:
            return found[:place], found[place:]
        steps += max(change.steps, 1)
    return found, ()


def _read(connection: Connection, found: Sequence[Change]) -> Iterator[tuple[Change, TraceRow, tuple[SpanRow, ...]]]:
    """Each trace that is still there with its steps, the oldest change first."""
    trace_ids = [change.trace_id for change in found]
    rows, loaded = traces.among(connection, trace_ids), spans.of_traces(connection, trace_ids)
    for change in reversed(found):
        trace = rows.get(change.trace_id)
        if trace:
            yield change, trace, _steps(loaded.get(change.trace_id, ()))


def _steps(rows: tuple[SpanRow, ...]) -> tuple[SpanRow, ...]:
    """In their order; the turn itself comes last, and only where it has failed or has no step."""
    whole = len(rows) == 1 or (rows and rows[0].error_source is not None)
    return (*rows[1:], *rows[:1]) if whole else rows[1:]
