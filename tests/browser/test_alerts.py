"""The pages of alerts in Chromium, over alerts in every state and calls of a week."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.alert_ids import TOOLS_FAIL
from tests.browser.alerts import serving_alerts
from tests.browser.served import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_alerts(tmp_path_factory.mktemp("alerts")) as served:
        yield served


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_the_header_says_how_many_fire_and_leads_there_by_keys(page: Page, address: str) -> None:
    page.goto(f"{address}/sessions")
    expect(page.get_by_role("link", name="Alerts 2 firing")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.locator("h1")).to_have_text("Alerts")
    expect(page.locator("#g-firing li.item")).to_have_count(2)


def test_an_alert_says_how_bad_it_is_and_leads_to_its_sessions(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts")
    card = page.locator("#g-firing li.item", has_text="refund_order")
    expect(card.locator(".big")).to_contain_text("34.2 %")
    expect(card.locator(".big")).to_contain_text("threshold 5 %")
    expect(card).to_contain_text("last told 7 min ago")
    expect(card.get_by_role("link", name="Runbook")).to_have_attribute("rel", "noopener noreferrer nofollow")
    card.get_by_role("link", name="Sessions behind it").click()
    expect(page.locator("h1")).to_have_text("Sessions")
    assert "tool=refund_order" in page.url


def test_the_runbook_of_a_hostile_rule_is_no_link(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts")
    card = page.locator("#g-firing li.item", has_text="Costs too much")
    expect(card).to_contain_text("Runbook: javascript:alert(1)")
    expect(page.locator("a[href^='javascript']")).to_have_count(0)


def test_the_list_renews_itself_and_waits_for_whoever_is_in_a_form(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(f"{address}/alerts")
    as_of = page.locator("p.sum time").first
    before = as_of.get_attribute("datetime")
    page.locator("#g-firing button").first.focus()
    page.clock.run_for(16_000)
    expect(page.locator(".held").first).to_be_visible()
    expect(as_of).to_have_attribute("datetime", str(before))
    page.locator("#g-firing h2 a").first.focus()
    page.clock.run_for(16_000)
    expect(as_of).not_to_have_attribute("datetime", str(before))
    expect(page.locator("#g-firing h2 a").first).to_be_focused()


def test_an_alert_shows_its_past_and_who_was_told(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts/{TOOLS_FAIL}?since=7d")
    expect(page.locator("svg.plot rect.c-fired")).to_have_count(3)
    expect(page.locator("svg.plot .lt").first).to_have_text("threshold 5 %")
    expect(page.locator("table.alerts tbody tr")).to_have_count(3)
    expect(page.locator("table.alerts")).to_contain_text("still firing")
    expect(page.locator(".log")).to_contain_text("Given up")
    expect(page.locator(".evidence li")).to_have_count(2)
    page.get_by_role("link", name="The rule").click()
    expect(page.locator("h1")).to_have_text("Tools fail")


def test_an_alert_is_muted_and_the_silence_ended_without_javascript(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts")
    card = plain.locator("#g-firing li.item", has_text="Costs too much")
    card.get_by_role("button", name="Mute 4 h").click()
    expect(plain.locator("[role=status]").first).to_contain_text("“Costs too much” is silenced")
    plain.locator("#g-silenced li.item", has_text="Costs too much").get_by_role("link", name="The silence").click()
    silence = plain.locator("li.item", has_text="alertname=Costs too much")
    expect(silence).to_contain_text("Holds")
    expect(silence).to_contain_text("by somebody at 127.0.0.1")
    silence.get_by_text("Change the end…").click()
    silence.locator("input[name=ends]").fill("soon")
    silence.get_by_role("button", name="Change").click()
    expect(plain.get_by_role("alert").first).to_contain_text("soon")
    silence.locator("input[name=ends]").fill("2d")
    silence.get_by_role("button", name="Change").click()
    expect(plain.locator("[role=status]").first).to_contain_text("another time")
    silence.get_by_role("button", name="End now").click()
    plain.goto(f"{address}/alerts")
    expect(plain.locator("#g-firing li.item", has_text="Costs too much")).to_have_count(1)


def test_a_silence_by_labels_says_what_is_wrong_beside_the_field(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts/silences/new?alert={TOOLS_FAIL}")
    expect(plain.locator("textarea[name=matchers]")).to_have_value(
        "agent=ORDERHELP1\nalertname=Tools fail\ntool=refund_order"
    )
    plain.locator("textarea[name=matchers]").fill("tool")
    plain.locator("input[name=author]").fill("ana")
    plain.get_by_role("button", name="Silence").click()
    expect(plain.locator("#w-matchers")).to_contain_text("no condition")
    plain.locator("textarea[name=matchers]").fill("tool=~night_*")
    plain.get_by_text("Only at certain hours").click()
    plain.get_by_label("Sunday").check()
    plain.locator("input[name=from]").fill("22:00")
    plain.locator("input[name=until]").fill("6:00")
    plain.locator("input[name=zone]").fill("Europe/Berlin")
    plain.locator("select[name=for]").select_option("")
    plain.get_by_role("button", name="Silence").click()
    window = plain.locator("li.item", has_text="tool=~night_*")
    expect(window).to_contain_text("Sunday 22:00 to 06:00, Europe/Berlin")
    window.get_by_role("button", name="End now").click()
    expect(window).to_be_hidden()


def test_a_rule_is_previewed_declared_changed_and_removed_without_javascript(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts/rules/new")
    plain.locator("input[name=name]").fill("Orders fail")
    plain.locator("input[name=above]").fill("much")
    plain.locator("input[name=window]").fill("7m")
    plain.get_by_role("button", name="Preview").click()
    expect(plain.locator("#w-above")).to_contain_text("'much' is not a share")
    expect(plain.locator("#w-window")).to_contain_text("not a multiple of 5m")
    expect(plain.locator("input[name=above]")).to_have_attribute("aria-invalid", "true")
    plain.locator("input[name=above]").fill("5%")
    plain.locator("input[name=window]").fill("1h")
    plain.locator("input[name=min_samples]").fill("1")
    plain.get_by_label("tool", exact=True).check()
    plain.get_by_role("button", name="Preview").click()
    expect(plain.locator("#preview .big")).to_contain_text("Would have fired")
    expect(plain.locator("#preview svg.plot rect.c-fired").first).to_be_attached()
    expect(plain.locator("#preview table").first).to_contain_text("UTC")
    expect(plain.locator("#yaml pre")).to_contain_text("above: 5%")
    expect(plain.locator("#yaml pre")).to_contain_text("group_by:\n  - tool")
    plain.get_by_role("button", name="Add").click()
    rule = plain.locator("li.item", has_text="Orders fail")
    expect(rule).to_contain_text("Tool error rate above 5 % over 1h")
    rule.get_by_role("link", name="Edit").click()
    plain.locator("input[name=above]").fill("10%")
    plain.get_by_role("button", name="Save").click()
    expect(rule).to_contain_text("above 10 %")
    rule.get_by_role("button", name="Pause").click()
    expect(rule).to_contain_text("Paused")
    rule.get_by_text("Remove…").click()
    rule.get_by_role("button", name="Remove").click()
    expect(rule).to_have_count(0)


def test_what_a_condition_needs_appears_when_it_is_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts/rules/new")
    expect(page.locator("input[name=above]")).to_be_visible()
    expect(page.locator("input[name='burn_rate.objective']")).to_be_hidden()
    page.locator("select[name=condition]").select_option("burn_rate")
    expect(page.locator("input[name=above]")).to_be_hidden()
    page.locator("input[name='burn_rate.objective']").fill("99.5%")
    page.locator("textarea[name='burn_rate.pairs']").fill("1h 5m 14.4")
    page.locator("input[name=name]").fill("Budget")
    page.get_by_role("button", name="show as YAML").click()
    expect(page.locator("#yaml pre")).to_contain_text("objective: 99.5%")


def test_what_is_wrong_inside_a_condition_stands_beside_its_field(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts/rules/new?suggested=Tool+calls+burn+their+error+budget")
    plain.locator("textarea[name='burn_rate.pairs']").fill("1h 5m 14.4\n6h 30m")
    plain.get_by_role("button", name="show as YAML").click()
    expect(plain.locator("#w-burn_rate-pairs")).to_contain_text("factor is missing")


def test_the_budget_says_what_is_left(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts/budgets")
    card = page.locator("li.item").first
    expect(card).to_contain_text("of the budget left")
    expect(card.locator("svg.plot path.vl")).to_be_attached()


def test_suggested_rules_are_added_by_one_click(plain: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("first-rules")) as fresh:
        plain.goto(f"{fresh}/alerts")
        offers = plain.locator(".offers li")
        expect(offers.first).to_contain_text("A tool fails")
        offers.first.get_by_role("button", name="Add").click()
        expect(plain.locator("[role=status]").first).to_contain_text("“A tool fails” was added")
        expect(plain.locator(".note.b-warn")).to_contain_text("no channel yet")
        plain.locator(".offers li").first.get_by_role("link", name="Change it first").click()
        expect(plain.locator("input[name=name]")).not_to_have_value("")


def test_a_channel_is_tested_declared_and_never_tells_its_secrets(plain: Page, address: str) -> None:
    with _receiving() as (url, received):
        plain.goto(f"{address}/alerts/channels/new?kind=webhook")
        plain.locator("input[name=name]").fill("hook")
        plain.locator("input[name=url]").fill(f"{url}/a-secret-path")
        plain.locator("input[name=secret]").fill("the-signing-secret")
        plain.locator("textarea[name=headers]").fill("X-Key: the-key-of-the-header")
        plain.get_by_role("button", name="Send a test").click()
        expect(plain.locator(".tested")).to_contain_text("The test was sent")
        assert len(received) == 1
        plain.locator("input[name=url]").fill(f"{url}/a-secret-path")
        expect(plain.locator(".note.b-warn")).to_contain_text("type them once more")
        assert "the-key-of-the-header" not in plain.content()
        plain.locator("input[name=secret]").fill("the-signing-secret")
        plain.locator("textarea[name=headers]").fill("X-Key: the-key-of-the-header")
        plain.get_by_role("button", name="Add").click()
        card = plain.locator("li.item", has=plain.get_by_role("heading", name="hook", exact=True))
        card.get_by_role("button", name="Send a test").click()
        expect(card.locator(".tested")).to_contain_text("The test was sent")
        card.get_by_role("link", name="Edit").click()
        for text in ("a-secret-path", "the-signing-secret", "the-key-of-the-header"):
            assert text not in plain.content()
        plain.locator("select[name=least]").select_option("critical")
        plain.get_by_role("button", name="Save").click()
        card.get_by_role("button", name="Send a test").click()
        path, headers, body = received[-1]
        assert (path, headers["X-Key"], len(received)) == ("/a-secret-path", "the-key-of-the-header", 3)
        assert "X-Tracehub-Signature" in headers
        assert "test" in json.dumps(body)
        card.get_by_text("Remove…").click()
        card.get_by_role("button", name="Remove").click()
        expect(card).to_have_count(0)


def test_another_address_does_not_get_the_headers_that_are_kept(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts/channels/on%20call/edit")
    plain.locator("input[name=url]").fill("https://elsewhere.example.com")
    plain.get_by_role("button", name="Save").click()
    expect(plain.locator("#w-headers")).to_contain_text("enter them anew")


def test_a_test_that_fails_says_why(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts/channels/new?kind=webhook")
    plain.locator("input[name=name]").fill("metadata")
    plain.locator("input[name=url]").fill("http://169.254.169.254/latest")
    plain.get_by_role("button", name="Send a test").click()
    expect(plain.locator(".tested")).to_contain_text("The test failed")
    plain.locator("input[name=url]").fill("file:/etc/passwd")
    plain.get_by_role("button", name="Add").click()
    expect(plain.locator("#w-url")).to_contain_text("configuration file only")


def test_what_was_given_up_is_told_on_every_page_of_alerts_and_sent_again(plain: Page, address: str) -> None:
    plain.goto(f"{address}/alerts")
    plain.get_by_role("alert").get_by_role("link", name="Look").click()
    entry = plain.locator(".log li").first
    expect(entry).to_contain_text("The webhook's address is gone.")
    entry.get_by_role("button", name="Send again").click()
    expect(plain.locator("[role=status]").first).to_contain_text("sent again")


@contextmanager
def _receiving() -> Iterator[tuple[str, list[tuple[str, dict[str, str], object]]]]:
    """A receiver of webhooks, and what it got."""
    received: list[tuple[str, dict[str, str], object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()
