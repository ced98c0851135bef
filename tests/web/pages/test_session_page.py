"""The page of a session over a store with demo sessions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.stores import KNOWLEDGE, migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter, SessionRow
from tracehub.store import sessions, spans, traces
from tracehub.web.pages.find import Hit, hits_of
from tracehub.web.pages.session_page import session_page
from tracehub.web.pages.session_view import WHOLE, View

NOW = 1_795_000_000_000_000


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with migrated(database_url) as database:
        store(database, demo_events(30))
        with database.reading() as reading:
            yield reading


def _with_errors(connection: Connection) -> SessionRow:
    return sessions.page(connection, Filter(errors=True, tools=("OrderActions__refund_order",)), limit=1).rows[0]


def test_each_kind_says_how_many_steps_it_has(connection: Connection) -> None:
    row = _with_errors(connection)
    rows = spans.of_traces(connection, [trace.trace_id for trace in traces.of_session(connection, row.session_id)])
    steps = [span for found in rows.values() for span in found[1:]]
    toggles = session_page(connection, KNOWLEDGE, row.session_id, WHOLE, now=NOW).tools.toggles
    assert {toggle.kind: toggle.count for toggle in toggles} == {
        kind: str(sum(span.kind == kind for span in steps)) for kind in {span.kind for span in steps}
    } | {"err": str(sum(span.error_source is not None for span in steps))}


def test_what_is_hidden_can_be_had_back(connection: Connection) -> None:
    row = _with_errors(connection)
    shown = session_page(connection, KNOWLEDGE, row.session_id, View(kinds=("model",), errors=True), now=NOW)
    assert shown.tools.everything == shown.head.href
    assert [toggle.kind for toggle in shown.tools.toggles if toggle.on] == ["model", "err"]


def test_find_counts_what_it_found_and_leads_from_hit_to_hit(connection: Connection) -> None:
    row = _with_errors(connection)
    hits = hits_of(connection, row.session_id, traces.of_session(connection, row.session_id), "order")
    first = session_page(connection, KNOWLEDGE, row.session_id, View(find="order"), now=NOW).tools.find
    assert (first.said, len(hits) > 1) == (f"{len(hits)} hits", True)
    shown = session_page(connection, KNOWLEDGE, row.session_id, View(find="order"), hit="2", now=NOW).tools.find
    assert shown.said == f"2 of {len(hits)}"
    assert "hit=1" in str(shown.before)
    assert (
        first.before
        == session_page(connection, KNOWLEDGE, row.session_id, View(find="order"), hit="1", now=NOW).tools.find.before
    )


def test_find_takes_every_character_as_it_is(connection: Connection) -> None:
    row = _with_errors(connection)
    for text in ("%", "_", "/", "\\", "'", "%%_", "a" * 200):
        found = session_page(connection, KNOWLEDGE, row.session_id, View(find=text), now=NOW)
        assert found.tools.find.said in ("No hit", f"{len(_hits(connection, row, text))} hits", "1 hit")
    assert _hits(connection, row, "%_%") == ()


def test_find_reads_case_as_one(connection: Connection) -> None:
    row = _with_errors(connection)
    assert _hits(connection, row, "ORDER") == _hits(connection, row, "order") != ()


def test_a_rationale_is_found_once_though_two_rows_hold_it(connection: Connection) -> None:
    row = _with_errors(connection)
    every = traces.of_session(connection, row.session_id)
    rows = spans.of_traces(connection, [trace.trace_id for trace in every])
    said = next(span.rationale for found in rows.values() for span in found if span.kind == "tool" and span.rationale)
    assert len(_hits(connection, row, said[:60])) == 1


def _hits(connection: Connection, row: SessionRow, text: str) -> tuple[Hit, ...]:
    return hits_of(connection, row.session_id, traces.of_session(connection, row.session_id), text)
