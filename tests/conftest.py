"""Fixtures for all tests: empty databases of both kinds, the captures, a browser."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests import chromium, databases
from tests.grouping import GroupedScheduling

CHECKOUT = Path(__file__).resolve().parent.parent
_POSTGRES_FOLDER = "TRACEHUB_TEST_POSTGRES_FOLDER"


def pytest_configure(config: pytest.Config) -> None:
    """The first process names the folder of the run's PostgreSQL; its workers inherit the name."""
    if not hasattr(config, "workerinput"):
        os.environ[_POSTGRES_FOLDER] = tempfile.mkdtemp(prefix="tracehub-postgres-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The first process ends last, so it stops the server."""
    if not hasattr(config, "workerinput"):
        databases.stop(Path(os.environ.pop(_POSTGRES_FOLDER)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Keeps the tests of one xdist_group in one worker, where they share servers and a browser."""
    return GroupedScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def postgresql_server() -> databases.Server:
    """One server for all workers: TRACEHUB_TEST_POSTGRES_URL, else one that is started for this run."""
    existing = os.environ.get("TRACEHUB_TEST_POSTGRES_URL")
    if existing:
        return databases.existing(existing)
    return databases.start(Path(os.environ[_POSTGRES_FOLDER]), durable=False)


@pytest.fixture
def postgresql_url(postgresql_server: databases.Server) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own, as SQLAlchemy writes its address."""
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'tracehub.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; a test that asks for it runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The folder of real captures: TRACEHUB_CORPUS, else ../shared/corpus; the test is skipped where there is none."""
    named = os.environ.get("TRACEHUB_CORPUS")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "corpus"
    if not folder.is_dir():
        assert not named, f"TRACEHUB_CORPUS names {named}, which is no folder"
        pytest.skip("no captures: TRACEHUB_CORPUS is not set and ../shared/corpus is not there")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file; not for longer, as asyncio.run fails in its thread while it is open."""
    with chromium.running_browser() as running:
        yield running


@pytest.fixture
def browser_context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without cookies or cache; its pages may log errors."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Iterator[Page]:
    """A page of a fresh browser; the test fails where it logs an error or raises one."""
    with chromium.quiet_page(browser_context) as quiet:
        yield quiet


@pytest.fixture(scope="session")
def screenshots_dir() -> Path:
    """Where screenshots are kept to be looked at; git ignores it."""
    folder = CHECKOUT / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
