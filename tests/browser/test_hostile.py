"""Hostile traces in Chromium: on every page they are text, and nothing but text."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hostile import MARK
from tests.browser.pages import View
from tests.browser.sites import Sites
from tests.browser.visits import Visit, visiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

MOST_BYTES = 2 * 2**20
# What no trace may bring into a page: things that load, run, lead away or lie over it.
_ALIVE = """() => {
  const loads = "img, iframe, object, embed, base, video, audio, meta[http-equiv], hx-partial";
  const ours = "script:not([src^='/static/']), link:not([href^='/static/']), [hx-get]:not([hx-get^='/'])";
  const forms = "form:not([action^='/']):not([method=dialog]), [style], [autofocus]:not(input)";
  const leads = (a) => new URL(a.getAttribute("href"), location).origin;
  const away = (a) => leads(a) !== location.origin && a.rel !== "noopener noreferrer nofollow";
  const runs = (e) => [...e.attributes].some((attribute) => /^(on|hx-on)/.test(attribute.name));
  const found = [...document.querySelectorAll([loads, ours, forms].join())];
  found.push(...[...document.querySelectorAll("a[href]")].filter(away));
  found.push(...[...document.querySelectorAll("*")].filter(runs));
  return found.map((e) => e.outerHTML.slice(0, 200));
}"""


@pytest.mark.parametrize("path", ["/sessions", "/sessions?errors=1", "/tools", "/quarantine", "/sources"])
def test_lists_show_hostile_text_as_text(browser: Browser, sites: Sites, path: str) -> None:
    with visiting(browser, sites, View(name="list", path=path, site="hostile")) as visit:
        _assert_inert(visit)


def test_every_step_of_every_hostile_session_is_inert_readable_and_small(browser: Browser, sites: Sites) -> None:
    with visiting(browser, sites, View(name="sessions", path="/sessions", site="hostile")) as visit:
        page = visit.page
        links = [str(each.get_attribute("href")) for each in page.locator("th[scope=row] a").all()]
        assert len(links) >= 20
        for link in links:
            page.goto(visit.address + link)
            assert "hostile " in page.locator("main").inner_text()
            _assert_inert(visit)
            for _ in range(page.locator("details[open] .r[id]").count()):
                _open_next_step(page)
                _assert_inert(visit)


def test_a_hostile_step_is_as_inert_on_a_page_of_its_own(browser: Browser, sites: Sites) -> None:
    with visiting(browser, sites, View(name="sessions", path="/sessions", site="hostile")) as visit:
        page = visit.page
        links = [str(each.get_attribute("href")) for each in page.locator("th[scope=row] a").all()]
        for link in links:
            page.goto(visit.address + link)
            if page.locator(".r[id] > a:first-child").count() == 0:
                continue  # All its events were too long.
            page.goto(page.locator(".r[id] > a:first-child").last.evaluate("(a) => a.href"))
            expect(page.locator("#detail .panel h2")).to_be_visible()
            _assert_inert(visit)


def _open_next_step(page: Page) -> None:
    with page.expect_response(lambda answer: "/steps/" in answer.url) as told:
        page.keyboard.press("j")
    assert told.value.status == 200
    page.wait_for_function("() => !document.querySelector('#detail[aria-busy]')")
    page.evaluate("for (const closed of document.querySelectorAll('#detail details')) closed.open = true")


def _assert_inert(visit: Visit) -> None:
    assert visit.page.evaluate(_ALIVE) == []
    assert visit.page.evaluate(f"window.{MARK}") is None
    assert visit.page.evaluate("document.documentElement.outerHTML.length") <= MOST_BYTES
    assert visit.complaints == []
    assert [request.url for request in visit.requests if not request.url.startswith(f"{visit.address}/")] == []
