"""Destinations in Chromium: declared by the form, tested, broken, mended, sent again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.destinations import serving_destinations
from tests.exporters.receiver import TAKEN, Receiver, receiving, refusing

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
CANARY = "canary-9f31"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_destinations(tmp_path_factory.mktemp("destinations")) as served:
        yield served


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A page on which being refused is no fault: the browser says so in its console."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_a_destination_is_declared_tested_and_removed_without_scripts(
    browser: Browser, address: str, receiver: Receiver
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/destinations")
    page.get_by_role("link", name="Any OTLP back end").click()
    page.locator("input[name=name]").fill("mine")
    page.locator("input[name=endpoint]").fill(receiver.address)
    page.locator("textarea[name=headers]").fill(f"X-Token: {CANARY}")
    page.get_by_role("button", name="Add").click()
    card = page.locator("li.item", has=page.get_by_role("heading", name="mine"))
    card.get_by_role("button", name="Send a test trace").click()
    expect(card.get_by_role("status")).to_contain_text("it took the test trace")
    assert receiver.requests[0].headers["x-token"] == CANARY
    assert {span.name for span in receiver.requests[0].spans} >= {"invoke_agent tracehub-test"}
    receiver.answers = lambda _: refusing(403, b"no such key")
    card.get_by_role("button", name="Send a test trace").click()
    expect(card.get_by_role("alert")).to_contain_text("no such key")
    expect(card.get_by_role("alert")).to_contain_text("check the key")
    card.get_by_role("link", name="Edit").click()
    assert CANARY not in page.content()
    page.locator("select[name=content]").select_option("full")
    page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("whole content")
    receiver.answers = lambda _: TAKEN
    card.get_by_role("button", name="Send a test trace").click()
    assert receiver.requests[-1].headers["x-token"] == CANARY
    assert CANARY not in page.content()
    card.get_by_text("Remove…").click()
    card.get_by_role("button", name="Remove").click()
    expect(card).to_have_count(0)
    context.close()


def test_the_secrets_of_one_address_do_not_go_to_another(visitor: Page, address: str, receiver: Receiver) -> None:
    page = visitor
    page.goto(f"{address}/destinations/new")
    page.locator("input[name=name]").fill("moving")
    page.locator("input[name=endpoint]").fill(receiver.address)
    page.locator("textarea[name=headers]").fill(f"X-Token: {CANARY}")
    page.get_by_role("button", name="Add").click()
    page.goto(f"{address}/destinations/moving/edit")
    page.locator("input[name=endpoint]").fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("enter them anew")
    page.goto(f"{address}/destinations/new")
    page.locator("input[name=name]").fill("reading")
    page.locator("input[name=endpoint]").fill(receiver.address)
    page.locator("textarea[name=headers]").fill("X-Token: env:HOME")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("main")).to_contain_text("configuration file")


def test_it_is_paused_and_resumed(page: Page, address: str) -> None:
    page.goto(f"{address}/destinations")
    card = page.locator("li.item", has=page.get_by_role("heading", name="tempo"))
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    card.get_by_role("button", name="Resume").click()
    expect(card).not_to_contain_text("Paused")


def test_what_was_refused_stands_there_with_its_reason_and_can_be_sent_again(visitor: Page, address: str) -> None:
    page = visitor
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.goto(f"{address}/destinations/picky/undelivered")
    line = page.locator("li.item").first
    expect(line).to_contain_text("Rejected")
    expect(line).to_contain_text("<script>")
    line.get_by_role("button", name="Send again").click()
    expect(page.locator(".note")).to_contain_text("1 trace was put in the queue")
    page.goto(f"{address}/destinations")
    card = page.locator("li.item", has=page.get_by_role("heading", name="tempo"))
    card.get_by_text("Send again…").click()
    card.locator("input[name=traces]").fill("soon")
    card.get_by_role("button", name="Send again").click()
    expect(card.get_by_role("alert")).to_contain_text("32 hexadecimal digits")
    card.locator("input[name=traces]").fill("agent=ORDERHELP1")
    card.get_by_role("button", name="Send again").click()
    expect(page.locator(".note")).to_contain_text("put in the queue")
    assert dialogs == []
