"""Sessions of thousands of steps: they keep their height, show the step that a link names, and open turn by turn."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.sites import Sites

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
LONG = ("inline-1500", "long-2000", "long-5000")
_HEIGHT = "document.documentElement.scrollHeight"
_SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += 3 * innerHeight) {
    scrollTo(0, y);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
}"""


@pytest.mark.parametrize("session", LONG)
def test_scrolling_does_not_change_the_height(page: Page, sites: Sites, session: str) -> None:
    page.goto(f"{sites.address('long')}/sessions/{session}")
    before = page.evaluate(_HEIGHT)
    page.evaluate(_SCROLL)
    assert page.evaluate(_HEIGHT) == before
    assert before > 5_000


@pytest.mark.parametrize("session", LONG)
def test_a_link_to_a_late_step_shows_it(page: Page, sites: Sites, session: str) -> None:
    address = sites.address("long")
    page.goto(f"{address}/sessions/{session}")
    if page.locator("a[rel=next]").count():
        page.goto(address + str(page.locator("a[rel=next]").get_attribute("href")))
    turn = page.locator("details.turn").last
    if turn.get_attribute("open") is None:
        turn.locator("summary").first.click()
    link = turn.locator(".r[id] > a:first-child").last
    href = str(link.get_attribute("href"))
    page.goto("about:blank")
    page.goto(f"{address}/sessions/{session}{href}" if href.startswith("?") else address + href)
    expect(page.locator(".r.cur")).to_have_count(1)
    expect(page.locator(".r.cur")).to_be_in_viewport()
    expect(page.locator("#detail .panel h2")).to_be_visible()


def test_a_closed_turn_is_fetched_once_when_it_is_opened(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.address('long')}/sessions/long-5000")
    number = int(page.evaluate("[...document.querySelectorAll('details.turn')].findIndex((turn) => !turn.open)"))
    place = page.locator("details.turn").nth(number)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    place.locator("summary").first.click()
    expect(place.locator(".wf")).to_be_visible()
    place.locator("summary").first.click()
    place.locator("summary").first.click()
    expect(place.locator(".wf")).to_be_visible()
    assert len([url for url in asked if "/turns/" in url]) == 1


def test_without_scripts_closed_turns_and_later_ones_are_links(browser: Browser, sites: Sites) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sites.address('long')}/sessions/long-5000")
    turn = page.locator("details.turn:not([open])").first
    turn.locator("summary").first.click()
    page.locator("details[open] .more a").first.click()
    assert "turn=" in page.url
    page.locator("a[rel=next]").click()
    expect(page.locator(".pager span").first).to_contain_text("Turns 101 to 200")
    page.locator("details[open] .r[id] > a").first.click()
    expect(page.locator("#detail .panel h2")).to_be_visible()
    context.close()
