"""The pages in Chromium: with and without JavaScript, light and dark, wide and narrow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FAILED_TOOL = "li.e:has(.k-tool) > a"


def _open_a_session_with_a_failed_tool(page: Page, address: str) -> None:
    page.goto(f"{address}/sessions?errors=1&tool=OrderActions__refund_order")
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("h1")).to_contain_text("Session")


@pytest.fixture
def without_javascript(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_a_person_opens_a_session_expands_a_step_and_reads_its_rationale(
    page: Page, demo_address: str, screenshots_dir: Path
) -> None:
    _open_a_session_with_a_failed_tool(page, demo_address)
    step = page.locator(FAILED_TOOL).first
    why = page.locator("li.w", has=page.locator(f'a[href="{step.get_attribute("href")}"]'))
    said = why.locator("bdi").inner_text()
    step.click()
    panel = page.locator("#detail .panel")
    expect(panel.locator("h2")).to_contain_text("Tool")
    expect(panel.locator("section", has_text="Rationale").first).to_contain_text(said.rstrip("…"))
    expect(panel.locator(".fail")).to_be_visible()
    expect(page.locator(".r.cur")).to_have_count(1)
    assert "step=" in page.url
    page.screenshot(path=screenshots_dir / "session-step.png")


def test_the_address_of_a_step_opens_it_again(page: Page, demo_address: str) -> None:
    _open_a_session_with_a_failed_tool(page, demo_address)
    page.locator(FAILED_TOOL).first.click()
    expect(page.locator("#detail h2")).to_contain_text("Tool")
    heading = page.locator("#detail h2").inner_text()
    page.goto("about:blank")
    page.go_back()
    page.reload()
    expect(page.locator("#detail h2")).to_have_text(heading)
    expect(page.locator(".r.cur")).to_be_in_viewport()


def test_everything_works_without_javascript(without_javascript: Page, demo_address: str) -> None:
    page = without_javascript
    page.goto(f"{demo_address}/sessions")
    page.locator("input[name=errors]").check()
    page.locator("button.apply").click()
    expect(page.locator(".chip")).to_contain_text("errors")
    page.locator(".chip").click()
    expect(page.locator(".chip")).to_have_count(0)
    page.locator("a[rel=next]").click()
    page.locator("a[rel=prev]").click()
    _open_a_session_with_a_failed_tool(page, demo_address)
    page.locator(FAILED_TOOL).first.click()
    expect(page.locator("#detail .panel h2")).to_contain_text("Tool")
    page.locator("#detail a[aria-label='Next step']").click()
    expect(page.locator("#detail .panel")).to_be_visible()
    page.locator("#detail a[data-close]").click()
    expect(page.locator("#detail .panel")).to_have_count(0)


def test_choosing_a_filter_changes_the_rows_and_the_address(page: Page, demo_address: str) -> None:
    page.goto(f"{demo_address}/sessions")
    page.locator("select[name=outcome]").select_option("failed")
    expect(page.locator(".chip")).to_contain_text("Failed")
    assert page.url.endswith("/sessions?outcome=failed")
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("h1")).to_contain_text("Session")
    page.go_back()
    expect(page.locator(".chip")).to_contain_text("Failed")


def test_keys_walk_through_steps_and_errors(page: Page, demo_address: str) -> None:
    _open_a_session_with_a_failed_tool(page, demo_address)
    page.keyboard.press("j")
    expect(page.locator("#detail .panel")).to_be_visible()
    first = page.locator(".r.cur").get_attribute("id")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".r.cur")).to_have_attribute("id", str(first))
    page.keyboard.press("e")
    expect(page.locator(".r.cur.e")).to_have_count(1)
    expect(page.locator("#detail .fail")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".r.cur")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_rows_and_bars_stand_on_one_line(page: Page, demo_address: str) -> None:
    _open_a_session_with_a_failed_tool(page, demo_address)
    row = page.locator("details[open] li.r:has(.k-model)").first.bounding_box()
    bar = page.locator("details[open] .lane rect.f-model").first.bounding_box()
    assert row
    assert bar
    assert row["y"] < bar["y"] < bar["y"] + bar["height"] < row["y"] + row["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_scrolls_sideways_or_complains(
    browser: Browser, demo_address: str, scheme: str, width: int, screenshots_dir: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    with chromium.quiet_page(context) as page:
        for name in ("sessions", "sessions?errors=1&since=30d&tool=nope", "tools", "quarantine", "login"):
            page.goto(f"{demo_address}/{name}")
            _assert_fits(page, width)
            page.screenshot(path=screenshots_dir / f"{name.partition('?')[0]}-{width}-{scheme}.png")
        _open_a_session_with_a_failed_tool(page, demo_address)
        _assert_fits(page, width)
        page.locator(FAILED_TOOL).first.click()
        expect(page.locator("#detail .panel")).to_be_visible()
        _assert_fits(page, width)
        page.screenshot(path=screenshots_dir / f"session-{width}-{scheme}.png")
    context.close()


def test_a_first_visit_says_how_to_bring_traces_in(page: Page, empty_address: str) -> None:
    page.goto(empty_address)
    expect(page.locator(".first h2")).to_have_text("Waiting for the first trace")
    expect(page.locator(".first")).to_contain_text(f"{empty_address}/api/v1/records")


def test_a_session_that_does_not_exist_is_a_page_that_leads_back(browser: Browser, demo_address: str) -> None:
    page = browser.new_page()
    answer = page.goto(f"{demo_address}/sessions/nope")
    assert answer
    assert answer.status == 404
    page.get_by_role("link", name="To the sessions").click()
    expect(page.locator("h1")).to_have_text("Sessions")
    page.close()


def _assert_fits(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
