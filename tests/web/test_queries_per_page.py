"""Each page asks the database a fixed number of questions, however many rows there are."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.browser.sites import places
from tests.serving import Server, serving
from tests.traffic import demo_lines
from tracehub.pipeline.adding_up import catch_up

FEW, MANY = 15, 90
# The most statements of each page.
MOST = {
    "/sessions": 11,
    "/live": 6,
    "/sessions?errors=1": 11,
    "{session_ok}": 8,
    "{step_model}": 14,
    "{step_tool}": 14,
    "/tools": 6,
    "/latency": 6,
    "/cost": 6,
    "/knowledge-bases": 7,
    "/guardrails": 7,
    "/tools/OrderActions__get_order": 12,
    "/sources": 5,
    "/_/sources": 5,
    "/sources/new?kind=s3": 0,
    "/destinations": 3,
    "/_/destinations": 3,
    "/destinations/new": 1,
    "/quarantine": 2,
    "/alerts": 9,
    "/_/alerts": 9,
    "/alerts/rules": 6,
    "/alerts/rules/new": 2,
    "/alerts/channels": 5,
    "/alerts/silences": 4,
    "/alerts/notifications": 5,
    "/alerts/budgets": 2,
    "/login": 0,
    "/nothing": 0,
}


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, int]]:
    """The statements of each page, over few sessions and over many."""
    found: dict[int, dict[str, int]] = {}
    for sessions in (FEW, MANY):
        url = f"sqlite:///{tmp_path_factory.mktemp('queries') / 'x.db'}"
        with serving(url, collect=False) as server:
            server.client.post("/api/v1/records", content=demo_lines(sessions))
            catch_up(server.app.database)
            found[sessions] = {path: _count(server, path) for path in MOST}
    return found


@pytest.mark.parametrize("path", MOST)
def test_a_page_asks_no_more_than_this(counts: dict[int, dict[str, int]], path: str) -> None:
    assert counts[MANY][path] <= MOST[path]


@pytest.mark.parametrize("path", [path for path in MOST if "{" not in path])
def test_more_rows_are_no_more_questions(counts: dict[int, dict[str, int]], path: str) -> None:
    assert counts[MANY][path] <= counts[FEW][path]


def _count(server: Server, path: str) -> int:
    address = path.format_map(places(server.address)) if "{" in path else path
    server.client.get(address)  # What is read once and kept is no question of the page.
    with counting(server) as statements:
        server.client.get(address)
    return len(statements)


@contextmanager
def counting(server: Server) -> Iterator[list[str]]:
    """The statements that the server's connections run meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement != "BEGIN":
            statements.append(statement)

    engine = server.app.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
