"""Every page in each of its states: what the proofs of this folder and `make screenshots` go over."""

from collections.abc import Callable

import msgspec
from playwright.sync_api import Page

from tests.browser.alert_ids import COSTS_TOO_MUCH, TOOLS_FAIL


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One page in one state: the path on a site of sites.py, and what to do there to reach the state.

    Words in braces are places that sites.py finds. `long` pages are too long for axe, which needs 20 s for 2,000
    steps: a short page of the same templates stands for them. `live` pages renew themselves. `most_kb` is what its
    HTML may weigh, packed, and `most_nodes` how many elements it may have.
    """

    name: str
    path: str
    site: str = "demo"
    status: int = 200
    act: Callable[[Page], None] | None = None
    long: bool = False
    live: bool = False
    most_kb: int = 11
    most_nodes: int = 6_000


def _ask_for_help(page: Page) -> None:
    page.locator("[data-help]").click()


def _open_all(page: Page) -> None:
    page.evaluate("for (const closed of document.querySelectorAll('main details')) closed.open = true")


def _pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()


def _sign_in_wrongly(page: Page) -> None:
    page.get_by_label("API key").fill("not-the-key-of-this-server")
    page.get_by_role("button", name="Sign in").click()


def _check_source(page: Page) -> None:
    page.locator("input[name=name]").fill("new one")
    page.locator("input[name=bucket]").fill("a-bucket")
    page.get_by_role("button", name="show as TOML").click()


def _declare_badly(page: Page) -> None:
    page.locator("input[name=name]").fill("new one")
    page.locator("input[name=bucket]").fill("a-bucket")
    page.locator("input[name=since]").fill("soon")
    page.get_by_role("button", name="Add").click()


def _declare_destination_badly(page: Page) -> None:
    page.locator("input[name=name]").fill("mine")
    page.locator("input[name=endpoint]").fill("localhost")
    page.get_by_role("button", name="Add").click()


def _declare_rule_badly(page: Page) -> None:
    page.locator("input[name=name]").fill("Slow turns")
    page.locator("select[name=measure]").select_option("trace_duration")
    page.locator("input[name=above]").fill("soon")
    page.locator("input[name=window]").fill("7m")
    page.get_by_role("button", name="Add").click()


def _preview_rule(page: Page) -> None:
    page.locator("input[name=name]").fill("Calls fail")
    page.locator("input[name=above]").fill("5%")
    page.get_by_role("button", name="Preview").click()


def _show_rule(page: Page) -> None:
    page.locator("input[name=name]").fill("Turns cost their budget")
    page.locator("select[name=condition]").select_option("burn_rate")
    page.locator("input[name='burn_rate.objective']").fill("99%")
    page.get_by_role("button", name="show as YAML").click()


def _declare_channel_badly(page: Page) -> None:
    page.locator("input[name=name]").fill("somewhere")
    page.locator("input[name=url]").fill("ftp://example.com")
    page.get_by_role("button", name="Add").click()


def _silence_badly(page: Page) -> None:
    page.locator("textarea[name=matchers]").fill("tool")
    page.locator("input[name=author]").fill("ana")
    page.get_by_role("button", name="Silence").click()


VIEWS = (
    View(name="sessions", path="/sessions"),
    View(name="sessions-filtered", path="/sessions?errors=1&tool=OrderActions__refund_order"),
    View(name="sessions-by-cost", path="/sessions?sort=cost&min_ms=5000", act=_open_all),
    View(name="sessions-second-page", path="{second_page}"),
    View(name="sessions-no-match", path="/sessions?errors=1&since=30d&tool=nope"),
    View(name="sessions-empty", path="/sessions", site="empty", live=True),
    View(name="sessions-bad-filter", path="/sessions?since=never", status=400),
    View(name="live", path="/live"),
    View(name="live-filtered", path="/live?errors=1&agent=ORDERHELP1", act=_pause),
    View(name="live-no-match", path="/live?tool=nope"),
    View(name="live-bad-search", path="/live?q=%22"),
    View(name="live-empty", path="/live", site="empty"),
    View(name="session-ok", path="{session_ok}"),
    View(name="session-failed", path="{session_failed}"),
    View(name="session-blocked", path="{session_blocked}"),
    View(name="session-incomplete", path="{session_incomplete}"),
    View(name="session-returned-control", path="{session_returned_control}"),
    View(name="session-help", path="{session_ok}", act=_ask_for_help),
    View(name="session-chat", path="{session_ok}?view=chat"),
    View(name="session-raw", path="{session_ok}?view=raw", act=_open_all, most_kb=24),
    View(name="session-errors", path="{session_failed}?errors=1"),
    View(name="session-axis", path="{session_failed}?axis=session&find=order"),
    View(name="session-no-such-step", path="{session_ok}?step=0.0"),
    View(name="session-200", path="/sessions/long-200", site="long", most_kb=42),
    View(name="session-inline", path="/sessions/inline-1500", site="long", long=True, most_kb=142, most_nodes=26_000),
    View(name="session-2000", path="/sessions/long-2000", site="long", long=True, most_kb=42),
    View(name="session-5000", path="/sessions/long-5000", site="long", long=True, most_kb=44),
    View(name="session-not-found", path="/sessions/nope", status=404),
    View(name="step-model", path="{step_model}", act=_open_all),
    View(name="step-tool", path="{step_tool}"),
    View(name="step-failed", path="{step_failed}"),
    View(name="step-retrieval", path="{step_retrieval}"),
    View(name="step-guardrail", path="{step_guardrail}"),
    View(name="step-code", path="{step_code}"),
    View(name="step-agent", path="{step_agent}"),
    View(name="tools", path="/tools"),
    View(name="tools-no-match", path="/tools?agent=nope"),
    View(name="tools-empty", path="/tools", site="empty"),
    View(name="tools-by-version", path="/tools?by=version", act=_open_all, most_kb=12),
    View(name="tool", path="/tools/OrderActions__refund_order", act=_open_all, most_kb=12),
    View(name="tool-not-found", path="/tools/nobody__calls_this", status=404),
    View(name="latency", path="/latency", act=_open_all, most_kb=12),
    View(name="latency-models", path="/latency?by=model", most_kb=12),
    View(name="latency-nothing", path="/latency?by=first_text"),
    View(name="latency-empty", path="/latency", site="empty"),
    View(name="cost", path="/cost", act=_open_all, most_kb=12),
    View(name="cost-no-match", path="/cost?agent=nope"),
    View(name="knowledge", path="/knowledge-bases", act=_open_all, most_kb=12),
    View(name="guardrails", path="/guardrails", act=_open_all, most_kb=12),
    View(name="compare", path="/compare", act=_open_all),
    View(name="compare-empty", path="/compare", site="empty"),
    View(name="compare-sessions", path="/compare/sessions?a={session_ok_id}&b={session_failed_id}", act=_open_all),
    View(name="compare-sessions-empty", path="/compare/sessions"),
    View(name="guardrails-empty", path="/guardrails", site="empty"),
    View(name="sources", path="/sources", site="sources", live=True),
    View(name="sources-open", path="/sources", site="sources", act=_open_all, live=True),
    View(name="sources-empty", path="/sources", site="empty", live=True),
    View(name="source-new-cloudwatch", path="/sources/new?kind=cloudwatch"),
    View(name="source-new-s3", path="/sources/new?kind=s3"),
    View(name="source-checked", path="/sources/new?kind=s3", act=_check_source),
    View(name="source-refused", path="/sources/new?kind=s3", act=_declare_badly),
    View(name="destinations", path="/destinations", site="destinations", live=True, act=_open_all),
    View(name="destinations-empty", path="/destinations", site="empty", live=True),
    View(name="destination-new", path="/destinations/new", act=_open_all),
    View(name="destination-datadog", path="/destinations/new?preset=datadog"),
    View(name="destination-refused", path="/destinations/new", act=_declare_destination_badly),
    View(name="undelivered", path="/destinations/picky/undelivered", site="destinations"),
    View(
        name="undelivered-waiting", path="/destinations/nobody%20there/undelivered?state=waiting", site="destinations"
    ),
    View(name="undelivered-none", path="/destinations/tempo/undelivered", site="destinations"),
    View(name="alerts", path="/alerts", site="alerts", live=True),
    View(name="alerts-empty", path="/alerts", site="empty", live=True),
    View(name="alert", path=f"/alerts/{TOOLS_FAIL}?since=7d", site="alerts"),
    View(name="alert-hostile", path=f"/alerts/{COSTS_TOO_MUCH}", site="alerts"),
    View(name="alert-not-found", path="/alerts/0123", status=404),
    View(name="alert-rules", path="/alerts/rules", site="alerts", act=_open_all),
    View(name="alert-rules-empty", path="/alerts/rules", site="empty"),
    View(name="alert-rule", path="/alerts/rules/Slow%20tools", site="alerts"),
    View(name="alert-rule-previewed", path="/alerts/rules/Tools%20fail?preview=1", site="alerts", act=_open_all),
    View(name="alert-rule-new", path="/alerts/rules/new", act=_open_all),
    View(name="alert-rule-refused", path="/alerts/rules/new", act=_declare_rule_badly),
    View(name="alert-rule-preview", path="/alerts/rules/new", site="alerts", act=_preview_rule),
    View(name="alert-rule-checked", path="/alerts/rules/new", act=_show_rule),
    View(name="alert-budgets", path="/alerts/budgets", site="alerts"),
    View(name="alert-budgets-empty", path="/alerts/budgets", site="empty"),
    View(name="alert-channels", path="/alerts/channels", site="alerts", act=_open_all),
    View(name="alert-channels-empty", path="/alerts/channels", site="empty"),
    View(name="alert-channel-new", path="/alerts/channels/new?kind=webhook"),
    View(name="alert-channel-apprise", path="/alerts/channels/new?kind=apprise"),
    View(name="alert-channel-sns", path="/alerts/channels/new?kind=sns"),
    View(name="alert-channel-edit", path="/alerts/channels/on%20call/edit", site="alerts"),
    View(name="alert-channel-refused", path="/alerts/channels/new", act=_declare_channel_badly),
    View(name="alert-silences", path="/alerts/silences", site="alerts", act=_open_all),
    View(name="alert-silences-empty", path="/alerts/silences", site="empty"),
    View(name="alert-silence-new", path=f"/alerts/silences/new?alert={TOOLS_FAIL}", site="alerts", act=_open_all),
    View(name="alert-silence-refused", path="/alerts/silences/new", act=_silence_badly),
    View(name="alert-notifications", path="/alerts/notifications", site="alerts"),
    View(name="alert-notifications-given-up", path="/alerts/notifications?state=given_up", site="alerts"),
    View(name="alert-notifications-empty", path="/alerts/notifications", site="empty"),
    View(name="quarantine", path="/quarantine", site="long"),
    View(name="quarantine-open", path="/quarantine", site="long", act=_open_all),
    View(name="quarantine-empty", path="/quarantine", site="empty"),
    View(name="hostile-sessions", path="/sessions", site="hostile"),
    View(name="hostile-session", path="{session_failed}", site="hostile", act=_open_all),
    View(name="hostile-step", path="{step_tool}", site="hostile", act=_open_all, most_kb=16),
    View(name="hostile-retrieval", path="{step_retrieval}", site="hostile", act=_open_all, most_kb=16),
    View(name="hostile-tools", path="/tools", site="hostile"),
    View(name="hostile-live", path="/live", site="hostile"),
    View(name="hostile-latency", path="/latency?by=tool", site="hostile"),
    View(name="hostile-cost", path="/cost?by=version", site="hostile"),
    View(name="hostile-chat", path="{session_failed}?view=chat", site="hostile"),
    View(name="hostile-quarantine", path="/quarantine", site="hostile", act=_open_all),
    View(name="help", path="/help"),
    View(name="login", path="/login"),
    View(name="login-refused", path="/login", site="locked", act=_sign_in_wrongly),
    View(name="not-found", path="/nothing", status=404),
    View(name="bad-address", path="/sessions/%00", status=400),
)
