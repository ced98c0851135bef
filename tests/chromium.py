"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Pages must not need anything that this machine does not serve.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless browser. Where Chromium is missing the test fails, saying what to install."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.fail("Chromium is missing: `make test` installs it as root, `make test BROWSER=no` goes without")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def quiet_page(context: BrowserContext) -> Iterator[Page]:
    """A page that may log no error and raise none: AssertionError at the end lists what it did."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def on_error(error: Error) -> None:
        complaints.append(f"uncaught: {error.message}")

    page = context.new_page()
    page.on("console", on_console)
    page.on("pageerror", on_error)
    yield page
    if not page.is_closed():
        page.evaluate("1")  # An answer comes after the messages sent before it.
    assert not complaints, "\n".join(complaints)
