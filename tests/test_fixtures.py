"""The fixtures give what they promise."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from tests import chromium, databases


def test_a_database_starts_empty_and_keeps_what_is_written(database_url: str) -> None:
    engine = create_engine(database_url)
    try:
        assert inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept (word TEXT)"))
            connection.execute(text("INSERT INTO kept VALUES ('née 日本 😀')"))
        with engine.connect() as connection:
            assert connection.execute(text("SELECT word FROM kept")).scalar_one() == "née 日本 😀"
    finally:
        engine.dispose()


@pytest.mark.postgres
def test_postgresql_is_a_real_server(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    try:
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version()")).scalar_one().startswith("PostgreSQL 18")
    finally:
        engine.dispose()


@pytest.mark.postgres
def test_a_database_is_dropped_though_a_connection_is_open(postgresql_server: databases.Server) -> None:
    url = postgresql_server.create_database()
    connection = create_engine(url).connect()
    postgresql_server.drop_database(url)
    with connection, pytest.raises(OperationalError, match="terminating connection"):
        connection.execute(text("SELECT 1"))


def test_the_corpus_has_its_index(corpus_dir: Path) -> None:
    assert (corpus_dir / "INDEX.md").is_file()


@pytest.mark.browser
def test_a_page_opens_in_the_browser(page: Page) -> None:
    page.goto("data:text/html;charset=utf-8,<title>tracehub</title><p>日本")
    assert page.title() == "tracehub"
    assert page.inner_text("p") == "日本"


@pytest.mark.browser
def test_a_page_that_logs_an_error_fails_its_test(browser_context: BrowserContext) -> None:
    with pytest.raises(AssertionError, match="console: oops"), chromium.quiet_page(browser_context) as page:
        page.goto("data:text/html,<script>console.error('oops')</script>")
