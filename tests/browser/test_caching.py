"""What was loaded once is not asked for again: a second look costs the page itself."""

import pytest
from playwright.sync_api import Browser

from tests.browser.sites import Sites

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.mark.parametrize("path", ["/sessions", "/sessions/long-200", "/tools", "/quarantine"])
def test_a_second_look_asks_for_the_page_alone(browser: Browser, sites: Sites, path: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    url = sites.address("long") + path
    page.goto(url)
    page.goto("about:blank")
    asked: set[str] = set()
    cached: set[str] = set()
    devtools = context.new_cdp_session(page)
    devtools.on(
        "Network.responseReceived",
        lambda told: None if told["response"]["fromDiskCache"] else asked.add(told["requestId"]),
    )
    devtools.on("Network.requestServedFromCache", lambda told: cached.add(told["requestId"]))
    devtools.send("Network.enable")
    page.goto(url)
    page.wait_for_load_state()
    context.close()
    assert len(asked - cached) == 1
