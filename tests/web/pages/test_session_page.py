"""The page of a session over a store with demo sessions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter, SessionRow
from tracehub.store import sessions, spans, traces
from tracehub.web.pages.session_page import session_page
from tracehub.web.pages.session_view import WHOLE, View


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with migrated(database_url) as database:
        store(database, demo_events(20))
        with database.reading() as reading:
            yield reading


def _with_errors(connection: Connection) -> SessionRow:
    return sessions.page(connection, Filter(errors=True), limit=1).rows[0]


def test_each_kind_says_how_many_steps_it_has(connection: Connection) -> None:
    row = _with_errors(connection)
    rows = spans.of_traces(connection, [trace.trace_id for trace in traces.of_session(connection, row.session_id)])
    steps = [span for found in rows.values() for span in found[1:]]
    toggles = session_page(connection, row.session_id, WHOLE).toggles
    assert {toggle.kind: toggle.count for toggle in toggles} == {
        kind: str(sum(span.kind == kind for span in steps)) for kind in {span.kind for span in steps}
    } | {"err": str(sum(span.error_source is not None for span in steps))}


def test_what_is_hidden_can_be_had_back(connection: Connection) -> None:
    row = _with_errors(connection)
    shown = session_page(connection, row.session_id, View(kinds=("model",), errors=True))
    assert shown.everything == shown.href
    assert [toggle.kind for toggle in shown.toggles if toggle.on] == ["model", "err"]
