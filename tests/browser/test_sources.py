"""The page of sources in Chromium, over sources that are really read."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium
from tests.browser.sources import serving_sources

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_sources(tmp_path_factory.mktemp("sources")) as served:
        yield served


def test_a_source_is_paused_resumed_and_collected_again(page: Page, address: str) -> None:
    page.goto(f"{address}/sources")
    card = page.locator("li.item", has_text="order agents")
    expect(card).to_contain_text("Following")
    card.get_by_role("button", name="Pause").click()
    expect(page.locator("[role=status], .note").first).to_contain_text("is paused")
    card.get_by_role("button", name="Resume").click()
    expect(card).not_to_contain_text("Paused")
    card.get_by_text("Collect again…").click()
    card.locator("input[name=since]").fill("2h")
    card.get_by_role("button", name="Collect again").click()
    expect(card.locator("dl div", has_text="Duplicates").locator("dd")).not_to_have_text("0", timeout=20_000)


def test_a_source_is_declared_changed_and_removed_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/sources")
    page.get_by_role("link", name="S3 bucket").click()
    page.locator("input[name=name]").fill("new one")
    page.locator("input[name=bucket]").fill("a-bucket")
    page.get_by_role("button", name="show as TOML").click()
    expect(page.locator("#toml")).to_contain_text('bucket = "a-bucket"')
    page.get_by_role("button", name="Add").click()
    card = page.locator("li.item", has_text="new one")
    card.get_by_role("link", name="Edit").click()
    page.locator("input[name=prefix]").fill("traces/")
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("s3://a-bucket/traces/")
    card.get_by_text("Collect again…").click()
    card.locator("input[name=since]").fill("soon")
    card.get_by_role("button", name="Collect again").click()
    expect(card.get_by_role("alert")).to_contain_text("soon")
    card.get_by_text("Remove…").click()
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)
    context.close()


def test_what_is_open_is_held_and_what_is_not_goes_on(page: Page, address: str) -> None:
    page.goto(f"{address}/sources")
    as_of = page.locator("p.sum time").first
    before = as_of.get_attribute("datetime")
    expect(as_of).not_to_have_attribute("datetime", str(before), timeout=15_000)
    card = page.locator("li.item", has_text="order agents")
    card.get_by_text("Declaration").click()
    expect(card.locator("pre.code")).to_be_visible()
    expect(page.locator(".held").first).to_be_visible()


def test_a_quarantined_piece_is_looked_at_and_discarded(page: Page, address: str) -> None:
    page.goto(f"{address}/quarantine")
    piece = page.locator("li.item").first
    piece.get_by_text("All its bytes").click()
    expect(piece.locator("pre")).to_contain_text('"broken"')
    piece.get_by_role("button", name="Try again").click()
    expect(page.locator("li.item").first).to_contain_text("2 tries")
    page.locator("li.item").first.get_by_text("Discard…").click()
    page.locator("li.item").first.get_by_role("button", name="Discard").click()
    expect(page.locator("li.item")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_scrolls_sideways_or_complains(browser: Browser, address: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    with chromium.quiet_page(context) as page:
        for name in ("sources", "sources/new?kind=cloudwatch", "sources/new?kind=s3", "quarantine"):
            page.goto(f"{address}/{name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
