"""The session page in Chromium: its views, filters, folds, find, copies and keys, with and without JavaScript."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIST = "sessions?errors=1&tool=OrderActions__refund_order"
VIEWS = ("", "?kind=tool", "?errors=1", "?fold=all", "?axis=session", "?find=refund&hit=1", "?view=chat", "?view=raw")


@pytest.fixture
def session(page: Page, demo_address: str) -> Page:
    """A page that shows a session with a failed tool call."""
    _open(page, demo_address)
    return page


@pytest.fixture
def plain(browser: Browser, demo_address: str) -> Iterator[Page]:
    """The same session in a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    _open(page, demo_address)
    yield page
    context.close()


def _open(page: Page, address: str) -> None:
    page.goto(f"{address}/{LIST}")
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("h1")).to_contain_text("Session")


def _height(page: Page) -> object:
    return page.evaluate("document.documentElement.scrollHeight")


def test_kinds_are_hidden_and_shown_and_errors_stay(plain: Page) -> None:
    errors = plain.locator("li.e").count()
    plain.get_by_role("link", name="Hide Tool").click()
    expect(plain.locator("li.r .k-tool")).to_have_count(errors)
    expect(plain.locator("li.e")).to_have_count(errors)
    expect(plain.locator("li.x").first).to_contain_text("hidden")
    plain.get_by_role("link", name="Errors only").click()
    expect(plain.locator("li.r .k-model")).to_have_count(0)
    assert "in=errors" in plain.url
    plain.get_by_role("link", name="Show everything").click()
    expect(plain.locator("li.x")).to_have_count(0)


def test_find_goes_from_hit_to_hit_without_javascript(plain: Page) -> None:
    plain.get_by_role("searchbox").fill("refund")
    plain.get_by_role("button", name="Find").click()
    expect(plain.locator("mark").first).to_have_text("refund", ignore_case=True)
    plain.get_by_role("link", name="Next hit").click()
    expect(plain.locator(".found")).to_contain_text("1 of ")
    plain.get_by_role("link", name="Previous hit").click()
    last = plain.locator(".found").inner_text()
    assert last.split(" of ")[0] == last.split(" of ")[1]
    plain.get_by_role("link", name="Stop finding").click()
    expect(plain.locator("mark")).to_have_count(0)


def test_iterations_are_folded_and_opened_without_javascript(plain: Page) -> None:
    rows = plain.locator("li.r").count()
    plain.get_by_role("link", name="Fold all").click()
    folded = plain.locator("li.fo")
    expect(folded.first).to_contain_text("Iteration 1")
    expect(plain.locator("li.fo .b-err").first).to_contain_text("error")
    count = folded.count()
    folded.first.locator("a").click()
    expect(folded).to_have_count(count - 1)
    plain.locator("a.no").first.click()
    expect(folded).to_have_count(count)
    plain.get_by_role("link", name="Open all", exact=True).click()
    expect(plain.locator("li.r")).to_have_count(rows)


def test_tabs_show_the_conversation_and_the_events_without_javascript(plain: Page) -> None:
    plain.get_by_role("link", name="Chat").click()
    expect(plain.locator(".talk").first).to_be_visible()
    plain.locator(".talk").first.get_by_role("link", name="steps").click()
    expect(plain.locator("li.r").first).to_be_visible()
    plain.get_by_role("link", name="Raw", exact=True).click()
    expect(plain.locator(".raw pre").first).to_contain_text('"request"')
    plain.get_by_role("link", name="Timeline").click()
    plain.get_by_role("link", name="of the session").click()
    expect(plain.locator(".gap").first).to_contain_text("Pause")


def test_previous_and_next_follow_the_list_without_javascript(plain: Page) -> None:
    first = plain.url
    plain.get_by_role("link", name="Next ›").click()
    assert plain.url != first
    assert "in=errors%3D1" in plain.url
    plain.get_by_role("link", name="‹ Previous").click()
    assert plain.url == first
    plain.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click()
    assert plain.url.endswith(LIST)


def test_keys_reach_tools_hits_ends_and_neighbours(session: Page) -> None:
    page = session
    page.keyboard.press("t")
    expect(page.locator(".r.cur .k-tool")).to_have_count(1)
    page.keyboard.press("End")
    expect(page.locator("#detail .panel")).to_be_visible()
    page.keyboard.press("Home")
    first = page.locator("li.r[id]").first.get_attribute("id")
    expect(page.locator(".r.cur")).to_have_attribute("id", str(first))
    page.keyboard.press("-")
    expect(page.locator("details.turn[open]")).to_have_count(0)
    page.keyboard.press("+")
    expect(page.locator("details.turn:not([open])")).to_have_count(0)
    page.get_by_role("searchbox").fill("refund")
    page.keyboard.press("Enter")
    expect(page.locator(".found")).to_contain_text("hit")
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.locator(".found")).to_contain_text("1 of ")
    page.keyboard.press("N")
    expect(page.locator(".found")).not_to_contain_text("1 of ")
    here = page.locator("h1").inner_text()
    page.keyboard.press(">")
    expect(page.locator("h1")).not_to_have_text(here)
    page.keyboard.press("<")
    expect(page.locator("h1")).to_have_text(here)


def test_a_step_chosen_in_a_view_keeps_it(session: Page) -> None:
    session.get_by_role("link", name="Hide Model").click()
    session.locator("li.r:has(.k-tool) > a").first.click()
    expect(session.locator("#detail .panel")).to_be_visible()
    assert "kind=" in session.url
    assert "in=errors" in session.url
    assert "kind=" in str(session.locator("#detail a[aria-label='Next step']").get_attribute("href"))
    session.keyboard.press("Escape")
    expect(session).not_to_have_url(re.compile("step="))
    assert "kind=" in session.url


def test_copies_reach_the_clipboard(browser: Browser, demo_address: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    with chromium.quiet_page(context) as page:
        _open(page, demo_address)
        lead = page.locator(".lead").first
        lead.get_by_role("link", name="boto3 call").click()
        expect(page.get_by_role("status").filter(has_text="copied")).to_have_text("boto3 call copied")
        assert "client.invoke_agent(" in page.evaluate("navigator.clipboard.readText()")
        page.keyboard.press("t")
        expect(page.locator("#detail .panel")).to_be_visible()
        page.keyboard.press("Y")
        expect(page.locator("#said")).to_have_text("JSON copied")
        assert json.loads(page.evaluate("navigator.clipboard.readText()"))["kind"] == "tool"
        page.keyboard.press("y")
        expect(page.locator("#said")).to_have_text("Link copied")
        assert page.evaluate("navigator.clipboard.readText()") == page.url
    context.close()


def test_where_the_clipboard_is_not_allowed_the_text_is_selected(session: Page) -> None:
    session.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    session.locator(".sum").first.get_by_role("link", name="Markdown").click()
    expect(session.locator("#copy textarea")).to_have_value(re.compile("^# Session `"))
    assert session.evaluate("document.activeElement.selectionEnd") > 100


def test_rows_keep_their_heights_in_every_view(session: Page) -> None:
    base = session.url.partition("?")[0]
    for view in ("?kind=tool", "?fold=all", "?axis=session", "?find=refund"):
        session.goto(base + view)
        before = _height(session)
        session.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert _height(session) == before, view


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_view_scrolls_sideways_or_complains(browser: Browser, demo_address: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    with chromium.quiet_page(context) as page:
        _open(page, demo_address)
        base = page.url.partition("?")[0]
        for view in VIEWS:
            page.goto(base + view)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    context.close()
