"""The Live page in Chromium: steps come as they are pushed, wait while one reads, and survive a restart."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests import chromium
from tests.browser.hostile import hostile_bodies
from tests.browser.served import serving
from tests.traffic import demo_lines

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COLD_LOADS = 20
FOLLOWING = "Following: new steps appear on top."
_TOP = "tbody tr[id]"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("live")) as served:
        _push(served, demo_lines(3))
        yield served


def test_steps_pushed_over_http_appear_on_top(page: Page, address: str) -> None:
    _open(page, address)
    before = page.locator(_TOP).count()
    steps = _push(address, demo_lines(1, seed=101))
    expect(page.locator(_TOP)).to_have_count(before + steps)
    assert len(set(_ids(page))) == before + steps
    page.locator(f"{_TOP} th a").first.click()
    expect(page.locator("#detail h2")).to_be_visible()


def test_it_connects_on_every_cold_load(browser: Browser, address: str) -> None:
    connected = 0
    for _ in range(COLD_LOADS):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/live")
        expect(page.locator("[data-says]")).to_have_text(FOLLOWING)
        connected += 1
        context.close()
    assert connected == COLD_LOADS


def test_the_filters_hold_for_what_arrives(page: Page, address: str) -> None:
    _open(page, address, "?agent=ORDERHELP1")
    page.get_by_label("Errors only").check()
    expect(page.locator(".chips")).to_contain_text("errors")
    expect(page.locator("[data-says]")).to_have_text(FOLLOWING)
    _push(address, demo_lines(12, seed=102))
    expect(page.locator(_TOP).first).to_be_visible()
    assert set(page.locator(f"{_TOP} .who > bdi").all_inner_texts()) == {"ORDERHELP1"}


def test_while_one_reads_steps_wait_and_the_page_says_so(page: Page, address: str) -> None:
    _open(page, address)
    before, top = page.locator(_TOP).count(), _ids(page)[0]
    page.keyboard.press("Space")
    expect(page.locator("[data-says]")).to_have_text("Paused.")
    steps = _push(address, demo_lines(1, seed=103))
    expect(page.locator("[data-jump]")).to_have_text(f"{steps} waiting – jump to newest")
    assert (page.locator(_TOP).count(), _ids(page)[0]) == (before, top)
    page.keyboard.press(".")
    expect(page.locator(_TOP)).to_have_count(before + steps)
    expect(page.locator("[data-says]")).to_have_text(FOLLOWING)


def test_reading_further_down_or_standing_on_a_step_pauses(page: Page, address: str) -> None:
    _open(page, address)
    page.mouse.wheel(0, 300)
    expect(page.locator("[data-says]")).to_have_text("Paused while you read further down.")
    page.get_by_role("button", name="jump to newest").click()
    expect(page.locator("[data-says]")).to_have_text(FOLLOWING)
    page.locator(f"{_TOP} th a").first.focus()
    expect(page.locator("[data-says]")).to_have_text("Paused while a step has the focus.")
    page.keyboard.press("Space")
    expect(page.locator("[data-says]")).to_have_text(FOLLOWING)


def test_it_goes_on_after_a_restart_of_the_server(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with serving(tmp_path) as address:
            _open(page, address)
            steps = _push(address, demo_lines(1, seed=104))
            expect(page.locator(_TOP)).to_have_count(steps)
        expect(page.locator("[data-says]")).to_have_text("Disconnected. Trying again…")
        with serving(tmp_path) as elsewhere:
            steps += _push(elsewhere, demo_lines(1, seed=105))
        with serving(tmp_path, port=int(address.rpartition(":")[2])):
            expect(page.locator(_TOP)).to_have_count(steps, timeout=20_000)
            steps += _push(address, demo_lines(1, seed=106))
            expect(page.locator(_TOP)).to_have_count(steps)
            assert len(set(_ids(page))) == steps


def test_a_page_keeps_at_most_500_steps_and_counts_what_it_does_not_show(page: Page, address: str) -> None:
    _open(page, address)
    _push(address, demo_lines(120, seed=107))
    expect(page.locator(_TOP)).to_have_count(500)
    expect(page.locator("tbody td[colspan]")).to_contain_text("steps not shown")
    expect(page.locator("[data-says]")).to_contain_text("not shown in all")


def test_hostile_text_stays_text(page: Page, address: str) -> None:
    dialogs: list[Dialog] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))
    _open(page, address)
    for body in list(hostile_bodies())[:-3]:
        _push(address, body)
    expect(page.locator(_TOP, has_text="h0st1le").first).to_be_visible()
    alive = page.locator(
        "tbody img, tbody script, tbody iframe, tbody form, tbody [style], tbody [onload], tbody [onerror]"
    )
    assert alive.count() == 0
    assert dialogs == []


def test_without_javascript_there_are_the_latest_steps_and_a_link(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/live?errors=1")
    expect(page.locator(_TOP)).to_have_count(50)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert page.get_by_role("link", name="Refresh").get_attribute("href") == "/live?errors=1"
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_neither_scrolls_sideways_nor_complains(browser: Browser, address: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    with chromium.quiet_page(context) as page:
        _open(page, address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def _open(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/live{query}")
    expect(page.locator("[data-says]")).to_have_text(FOLLOWING)


def _ids(page: Page) -> list[str]:
    ids: list[str] = page.eval_on_selector_all(_TOP, "(rows) => rows.map((row) => row.id)")
    return ids


def _push(address: str, body: bytes) -> int:
    """Pushes records; how many steps the database has more then."""
    before = _steps(address)
    request = urllib.request.Request(f"{address}/api/v1/records", body)
    with suppress(urllib.error.HTTPError):  # Where nothing in it can be read the status says so.
        urllib.request.urlopen(request, timeout=30).close()
    return _steps(address) - before


def _steps(address: str) -> int:
    """All stored steps, as the API counts them."""
    found: int = 0
    cursor = ""
    while True:
        with urllib.request.urlopen(f"{address}/api/v1/traces?limit=200{cursor}", timeout=30) as answer:
            listed: dict[str, Any] = json.load(answer)
        found += sum(trace["steps"] for trace in listed["items"])
        if not listed["older"]:
            return found
        cursor = f"&cursor={listed['older']}"
