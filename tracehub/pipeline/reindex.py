"""Builds traces and spans anew from their events, after the parser learned something."""

from collections.abc import Callable

from tracehub.analytics.knowledge import Knowledge
from tracehub.model.record import Event
from tracehub.pipeline.adding_up import catch_up
from tracehub.pipeline.batch import rebuild
from tracehub.store import event_blocks, search, traces
from tracehub.store.database import Database
from tracehub.store.dialect import lock_joins

AT_ONCE = 200


def reindex(database: Database, knowledge: Knowledge, *, now: int, tell: Callable[[int], None]) -> int:
    """Rebuilds every trace from its events, `AT_ONCE` to a transaction; how many there were.

    Events are only read, so stopping half way loses nothing: run it again. `tell` hears how many are done.
    """
    after, done = None, 0
    while True:
        with database.writing() as connection:
            lock_joins(connection, joins=True)
            trace_ids = event_blocks.trace_ids(connection, after, AT_ONCE)
            unread: dict[str, list[Event]] = {trace_id: [] for trace_id in trace_ids}
            written = traces.written(connection, trace_ids)
            rebuild(connection, unread, knowledge, received_at=now, written=written)
            if not trace_ids:
                search.tidy(connection)
        if not trace_ids:
            catch_up(database)
            return done
        after = trace_ids[-1]
        done += len(trace_ids)
        tell(done)
