"""A session that runs grows on its page while its events are pushed in pieces."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.served import serving
from tracehub.demo.generate import generate

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Exchange = dict[str, Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("running")) as served:
        yield served


@pytest.fixture(scope="module")
def turns() -> tuple[Exchange, Exchange]:
    """Two calls of one session with several steps each, of just now."""
    by_session: dict[str, list[Exchange]] = {}
    for exchange in generate(seed=5, sessions=40, until=datetime.now(UTC)):
        if len(exchange["completion"]) > 12:
            by_session.setdefault(exchange["sessionId"], []).append(exchange)
    first, second = next(several for several in by_session.values() if len(several) > 1)[:2]
    return _of_now(first), _of_now(second)


def test_a_running_session_grows_where_it_stands(page: Page, address: str, turns: tuple[Exchange, Exchange]) -> None:
    first, second = turns
    half = len(first["completion"]) // 2
    _push(address, first, 0, half)
    page.goto(f"{address}/sessions")
    expect(page.locator("tr", has_text=first["sessionId"])).to_contain_text("● Running")
    page.goto(f"{address}/sessions/{first['sessionId']}")
    expect(page.locator(".head .b", has_text="Running")).to_be_visible()
    rows = page.locator(".r[id]")
    before = rows.count()
    rows.first.locator("a").first.click()
    place = page.evaluate("scrollY")
    marked = page.locator(".r.cur").get_attribute("id")
    _push(address, first, half, None)
    expect(rows).not_to_have_count(before)
    expect(page.locator(".head .b", has_text="Running")).to_have_count(0)
    expect(page.locator(".r.cur")).to_have_attribute("id", str(marked))
    expect(page.locator("#detail h2")).to_be_visible()
    assert page.evaluate("scrollY") == place
    _push(address, second, 0, None)
    expect(page.locator("details.turn")).to_have_count(1)
    page.get_by_role("link", name="New turn arrived – show").click()
    expect(page.locator("details.turn")).to_have_count(2)


def test_what_is_read_of_a_turn_that_grows_does_not_move(page: Page, address: str) -> None:
    long = max(generate(seed=6, sessions=60, until=datetime.now(UTC)), key=lambda each: len(each["completion"]))
    exchange = _of_now(long)
    _push(address, exchange, 0, len(exchange["completion"]) - 8)
    page.set_viewport_size({"width": 1280, "height": 300})
    page.goto(f"{address}/sessions/{exchange['sessionId']}")
    row = page.locator(".r[id]").nth(3)
    row.evaluate("(row) => scrollTo(0, scrollY + row.getBoundingClientRect().top - 40)")
    id, before = row.get_attribute("id"), page.locator(".r[id]").count()
    top = row.evaluate("(row) => row.getBoundingClientRect().top")
    _push(address, exchange, len(exchange["completion"]) - 8, None)
    expect(page.locator(".r[id]")).not_to_have_count(before)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert abs(page.locator(f"#{id}").evaluate("(row) => row.getBoundingClientRect().top") - top) < 2


def _of_now(exchange: Exchange) -> Exchange:
    """The call with its times moved to the last minute."""
    text = json.dumps(exchange)
    times = sorted(event["trace"]["eventTime"] for event in exchange["completion"] if "trace" in event)
    shift = datetime.now(UTC) - timedelta(seconds=30) - datetime.fromisoformat(times[-1])
    for time in sorted(set(times)):
        moved = datetime.fromisoformat(time) + shift
        text = text.replace(time, moved.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    found: Exchange = json.loads(text)
    return found


def _push(address: str, exchange: Exchange, start: int, end: int | None) -> None:
    body = json.dumps({**exchange, "completion": exchange["completion"][start:end]}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{address}/api/v1/records", body), timeout=30).close()
