"""Lists of sessions in other orders, and by the filters that look into calls, durations and cost."""

import pytest

from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter, Key, SessionOrder, SessionRow
from tracehub.store import sessions, spans, traces
from tracehub.store.database import Database
from tracehub.store.sessions import value_of

SESSIONS = 30


@pytest.mark.parametrize("order", list(SessionOrder))
def test_pages_of_any_order_show_every_session_once_and_what_is_unknown_last(
    database_url: str, order: SessionOrder
) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        shown = _walk(database, order)
        everything = _every(database)
    assert sorted(row.session_id for row in shown) == sorted(row.session_id for row in everything)
    values = [(value_of(row, order), row.session_id) for row in shown]
    assert values == sorted(values, reverse=True)


def test_filters_by_lookup_model_duration_and_cost_keep_what_matches(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        everything = _every(database)
        with database.reading() as connection:
            for kind, field in (("retrieval", "name"), ("model", "model_id")):
                by_session: dict[str, set[str]] = {}
                for row in everything:
                    turns = [turn.trace_id for turn in traces.of_session(connection, row.session_id)]
                    called = (span for found in spans.of_traces(connection, turns).values() for span in found)
                    by_session[row.session_id] = {getattr(span, field) for span in called if span.kind == kind}
                wanted = max(name for names in by_session.values() for name in names if name)
                asked = Filter(models=(wanted,)) if kind == "model" else Filter(knowledge_bases=(wanted,))
                found = sessions.page(connection, asked, limit=1000).rows
                assert {row.session_id for row in found} == {k for k, names in by_session.items() if wanted in names}
            middle = sorted(row.working_us for row in everything if row.working_us is not None)[len(everything) // 2]
            longest = sessions.page(connection, Filter(min_us=middle), limit=1000).rows
            assert set(longest) == {row for row in everything if (row.working_us or -1) >= middle}
            dear = sessions.page(connection, Filter(min_cost=0.01), limit=1000).rows
            assert set(dear) == {row for row in everything if row.cost_usd is not None and row.cost_usd >= 0.01}


def test_bars_count_the_matching_sessions_and_those_with_errors(database_url: str) -> None:
    hour = 3_600_000_000
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        with database.reading() as connection:
            found = sessions.bars(connection, Filter(errors=True), hour, 1000)
            rows = sessions.page(connection, Filter(errors=True), limit=1000).rows
    assert sum(bar.sessions for bar in found) == sum(bar.with_errors for bar in found) == len(rows) > 0
    assert {bar.began_at for bar in found} == {row.ordered_at // hour * hour for row in rows}


def _walk(database: Database, order: SessionOrder) -> list[SessionRow]:
    shown: list[SessionRow] = []
    older: Key | None = None
    with database.reading() as connection:
        while True:
            page = sessions.page(connection, Filter(), older_than=older, limit=7, order=order)
            shown.extend(page.rows)
            if page.older is None:
                return shown
            older = page.older


def _every(database: Database) -> tuple[SessionRow, ...]:
    with database.reading() as connection:
        return sessions.page(connection, Filter(), limit=10_000).rows
