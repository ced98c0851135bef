"""Previous and next follow the list that a session was opened from."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter
from tracehub.store import sessions
from tracehub.web.pages.neighbours import Neighbours, neighbours_of
from tracehub.web.pages.session_view import View
from tracehub.web.pages.sessions_page import sessions_page

NOW = 1_795_000_000_000_000


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with migrated(database_url) as database:
        store(database, demo_events(30))
        with database.reading() as reading:
            yield reading


def _walked(connection: Connection, filter: Filter, listed: str) -> list[Neighbours]:
    rows = sessions.page(connection, filter, limit=100).rows
    return [neighbours_of(connection, row, View(listed=listed), NOW) for row in rows]


@pytest.mark.parametrize(("filter", "listed"), [(Filter(), ""), (Filter(errors=True), "errors=1")])
def test_the_way_through_the_sessions_is_the_lists_order(connection: Connection, filter: Filter, listed: str) -> None:
    names = [row.session_id for row in sessions.page(connection, filter, limit=100).rows]
    found = _walked(connection, filter, listed)
    after = [str(beside.after).partition("?")[0] for beside in found[:-1]]
    before = [str(beside.before).partition("?")[0] for beside in found[1:]]
    assert after == [f"/sessions/{name}" for name in names[1:]]
    assert before == [f"/sessions/{name}" for name in names[:-1]]
    assert (found[0].before, found[-1].after) == (None, None)


def test_links_carry_the_list_on(connection: Connection) -> None:
    found = _walked(connection, Filter(errors=True), "errors=1")
    assert str(found[0].after).endswith("?in=errors%3D1")
    assert found[0].list_href == "/sessions?errors=1"


@pytest.mark.parametrize("listed", ["nope=1", "errors=2", "since=never", "&".join(["a=1"] * 200), "\x00", "%00"])
def test_a_list_that_cannot_be_read_is_no_list(connection: Connection, listed: str) -> None:
    assert _walked(connection, Filter(), listed) == _walked(connection, Filter(), "")


def test_the_rows_of_a_list_remember_its_filters_but_not_its_page(connection: Connection) -> None:
    query = QueryParams("errors=1&tool=OrderActions__refund_order")
    row = sessions_page(connection, query, now=NOW, limit=5, address="").rows[0]
    assert row.href.endswith("?in=errors%3D1%26tool%3DOrderActions__refund_order")
    assert sessions_page(connection, QueryParams(""), now=NOW, limit=5, address="").rows[0].href.count("?") == 0
