"""A walk over every page with scripts switched off: reading, filtering, turning over, opening, writing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import KEY
from tests.browser.sites import Sites, places

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_every_section_is_reached_from_the_navigation(plain: Page, demo_address: str) -> None:
    plain.goto(demo_address)
    names = plain.locator("nav[aria-label=Main] a").all_inner_texts()
    assert len(names) >= 4
    for name in names:
        plain.locator("nav[aria-label=Main]").get_by_role("link", name=name, exact=True).click()
        expect(plain.locator("nav[aria-label=Main] [aria-current=page]")).to_have_text(name)
        expect(plain.locator("h1")).to_be_visible()


def test_tools_are_filtered_and_lead_to_their_sessions(plain: Page, demo_address: str) -> None:
    plain.goto(f"{demo_address}/tools")
    every = plain.locator("tbody tr").count()
    plain.locator("select[name=agent]").select_option(index=1)
    plain.locator("button.apply").click()
    expect(plain.locator(".chip")).to_have_count(1)
    assert 0 < plain.locator("tbody tr").count() < every
    plain.locator("th[scope=row] a").first.click()
    expect(plain.locator("h1")).to_be_visible()


def test_a_step_is_opened_left_for_its_neighbour_and_closed(plain: Page, demo_address: str) -> None:
    plain.goto(demo_address + places(demo_address)["session_failed"])
    plain.locator(".r[id] > a").first.click()
    first = plain.locator("#detail h2").inner_text()
    plain.get_by_role("link", name="Next step").click()
    expect(plain.locator(".r.cur")).to_have_count(1)
    plain.get_by_role("link", name="Previous step").click()
    expect(plain.locator("#detail h2")).to_have_text(first)
    plain.get_by_role("link", name="Close the step").click()
    expect(plain.locator("#detail .panel")).to_have_count(0)


def test_a_piece_in_quarantine_is_read_and_tried_again(plain: Page, sites: Sites) -> None:
    plain.goto(f"{sites.address('long')}/quarantine")
    piece = plain.locator("li.item").first
    piece.locator("summary").first.click()
    expect(piece.locator("pre").first).to_be_visible()
    piece.get_by_role("button", name="Try again").click()
    expect(plain.get_by_role("status")).to_be_visible()


def test_a_person_signs_in(plain: Page, sites: Sites) -> None:
    plain.goto(f"{sites.address('locked')}/tools")
    plain.get_by_label("API key").fill(KEY)
    plain.get_by_role("button", name="Sign in").click()
    expect(plain.locator("h1")).to_have_text("Tools")
