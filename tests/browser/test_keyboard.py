"""The keys in Chromium: over lists, over steps, and not where a person types or wants none."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import Sites, places

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


def _focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.innerText")
    return text


def test_tab_begins_with_a_way_past_the_navigation(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main input[name=q]")).to_be_focused()


def test_a_list_is_walked_and_a_row_opened(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    rows = page.locator("th[scope=row] a")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    href = rows.nth(0).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{demo_address}{href}")


def test_a_list_is_turned_over_by_brackets(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    first = page.locator("th[scope=row] a").first.get_attribute("href")
    page.keyboard.press("]")
    expect(page.locator("a[rel=prev]")).to_be_visible()
    page.keyboard.press("[")
    expect(page.locator("th[scope=row] a").first).to_have_attribute("href", str(first))


def test_turns_are_walked_opened_and_closed(page: Page, demo_address: str) -> None:
    page.goto(demo_address + places(demo_address)["session_ok"])
    page.keyboard.press("J")
    turn = page.locator("details.turn").first
    expect(turn.locator("summary").first).to_be_focused()
    before = turn.get_attribute("open")
    page.keyboard.press("Enter")
    assert turn.get_attribute("open") != before
    page.keyboard.press("J")
    expect(page.locator("details.turn").nth(1).locator("summary").first).to_be_focused()
    page.keyboard.press("K")
    expect(turn.locator("summary").first).to_be_focused()


def test_steps_open_as_they_are_walked_and_the_address_follows(page: Page, demo_address: str) -> None:
    page.goto(demo_address + places(demo_address)["session_failed"])
    for _ in range(4):
        page.keyboard.press("j")
    row = page.locator(".r.cur")
    expect(row).to_have_count(1)
    expect(row).to_be_in_viewport()
    assert f"#{row.get_attribute('id')}" in page.url
    expect(page.locator("#detail h2")).to_contain_text(row.locator("bdi").first.inner_text())


def test_letters_typed_into_a_field_are_text(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sources/new?kind=s3")
    page.locator("input[name=name]").focus()
    page.keyboard.type("jk?e")
    expect(page.locator("input[name=name]")).to_have_value("jk?e")
    expect(page.locator("#help")).to_be_hidden()


@pytest.mark.parametrize("held", ["Control", "Alt", "Meta"])
def test_keys_of_the_browser_stay_the_browsers(page: Page, demo_address: str, held: str) -> None:
    page.goto(f"{demo_address}/sessions")
    page.keyboard.press(f"{held}+k")
    expect(page.locator("th[scope=row] a:focus")).to_have_count(0)


def test_the_help_opens_and_closes_and_gives_the_focus_back(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    page.keyboard.press("j")
    before = _focused(page)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    assert _focused(page) == before


def test_letter_keys_can_be_switched_off_for_good(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.address('demo')}/sessions")
    page.locator("[data-help]").click()
    page.get_by_label("Letter keys are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator("th[scope=row] a:focus")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()
    page.locator("[data-help]").click()
    page.get_by_label("Letter keys are on").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("th[scope=row] a:focus")).to_have_count(1)


def test_g_and_a_letter_lead_to_a_section_and_a_slash_to_the_search(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    page.keyboard.press("/")
    expect(page.locator("main input[name=q]")).to_be_focused()
    page.locator("#main").focus()
    for letter, heading in (("t", "Tools"), ("l", "Latency"), ("d", "Compare"), ("s", "Sessions")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page.locator("h1")).to_have_text(heading)
