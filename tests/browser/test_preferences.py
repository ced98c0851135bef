"""What a person asked of the system is kept: less movement, few colours, print."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.sites import Sites, places

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
_MOVING = """() => [...document.querySelectorAll("*")].filter((e) => {
  const style = getComputedStyle(e);
  const some = (list) => list.split(",").some((time) => parseFloat(time) > 0);
  return style.animationName !== "none" || (style.transitionProperty !== "none" && some(style.transitionDuration));
}).map((e) => e.outerHTML.slice(0, 100))"""


def test_nothing_moves_for_whoever_wants_less_movement(browser: Browser, sites: Sites) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    address = sites.address("demo")
    for path in ("/sessions", places(address)["step_failed"], "/tools", "/sources"):
        page.goto(address + path)
        page.locator("#detail").evaluate_all("(found) => found.forEach((e) => e.setAttribute('aria-busy', 'true'))")
        assert page.evaluate(_MOVING) == [], path
    context.close()


def test_bars_keep_their_colours_where_the_system_forces_its_own(browser: Browser, sites: Sites) -> None:
    context = browser.new_context(forced_colors="active", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    address = sites.address("demo")
    page.goto(address + places(address)["step_failed"])
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    fills = page.locator(".lane rect, .sp rect").evaluate_all("(all) => all.map((e) => getComputedStyle(e).fill)")
    assert len(set(fills)) >= 3
    assert ground not in fills
    assert page.locator(".r.cur").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    context.close()


def test_a_printed_session_holds_every_row(browser: Browser, sites: Sites) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{sites.address('long')}/sessions/inline-1500")
    page.emulate_media(media="print")
    assert page.locator(".cv").last.evaluate("(e) => getComputedStyle(e).contentVisibility") == "visible"
    expect(page.locator(".filters")).to_have_count(0)
    context.close()
