"""Servers with pages, for tests that look at them in a browser."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.browser.alerts import serving_alerts
from tests.browser.destinations import serving_destinations
from tests.browser.served import KEY, serving, serving_demo, serving_hostile, serving_long
from tests.browser.sites import Opener, Sites
from tests.browser.sources import serving_sources


@pytest.fixture(scope="session")
def demo_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the demo's sessions."""
    with serving_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="session")
def empty_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has never seen a trace."""
    with serving(tmp_path_factory.mktemp("empty")) as address:
        yield address


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory, demo_address: str, empty_address: str) -> Iterator[Sites]:
    """The servers whose pages tests/browser/pages.py names."""
    shared: dict[str, Opener] = {
        "demo": lambda _: nullcontext(demo_address),
        "empty": lambda _: nullcontext(empty_address),
    }
    with Sites(tmp_path_factory.mktemp("sites"), openers() | shared) as every:
        yield every


def openers() -> dict[str, Opener]:
    """How each site is started."""
    return {
        "demo": serving_demo,
        "empty": serving,
        "long": serving_long,
        "sources": serving_sources,
        "alerts": serving_alerts,
        "destinations": serving_destinations,
        "hostile": serving_hostile,
        "locked": lambda folder: serving(folder, TRACEHUB_API_KEYS=KEY),
    }
