"""What the page Live costs Chromium while steps arrive: part of `make bench-ui`."""

import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, expect

from benchmarks.browser import SIZE
from benchmarks.report import Report
from benchmarks.server import serving
from tests.chromium import running_browser
from tests.long_sessions import steps_of
from tracehub.demo.generate import generate

STEPS_A_SECOND = 100
SECONDS = 8
FULL = 500
ROWS = "tbody tr[id]"


def main() -> None:
    """Prints the share of the main thread, with the page full."""
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        url = f"sqlite:///{Path(folder) / 'tracehub.db'}"
        with serving(url) as (address, _process, _started):
            share, rate = _measure(browser, address)
    report = Report(f"Live at {rate:.0f} steps a second for {SECONDS} s, {FULL} rows")
    report.add("main thread busy", share, "%", at_most=20)
    report.print()


def _measure(browser: Browser, address: str) -> tuple[float, float]:
    """Per cent of the time that the page's main thread was busy, and the steps that arrived in a second."""
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/live")
    expect(page.locator("[data-says]")).to_contain_text("Following")
    with _pushing(address) as pushed:
        expect(page.locator(ROWS)).to_have_count(FULL, timeout=60_000)
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        before, began, steps = _metrics(session), time.perf_counter(), pushed[0]
        page.wait_for_timeout(SECONDS * 1000)
        after, took = _metrics(session), time.perf_counter() - began
        rate = (pushed[0] - steps) / took
    context.close()
    busy = after["TaskDuration"] - before["TaskDuration"]
    return 100 * busy / (after["Timestamp"] - before["Timestamp"]), rate


@contextmanager
def _pushing(address: str) -> Iterator[list[int]]:
    """Pushes calls at the rate until the block ends; how many steps they had so far."""
    stop, pushed = threading.Event(), [0]

    def push() -> None:
        began = time.perf_counter()
        for exchange in generate(seed=3, sessions=100_000, until=datetime.now(UTC)):
            while pushed[0] > STEPS_A_SECOND * (time.perf_counter() - began):
                time.sleep(0.005)
            if stop.is_set():
                return
            pushed[0] += steps_of(exchange)
            request = urllib.request.Request(f"{address}/api/v1/records", json.dumps(exchange).encode())
            urllib.request.urlopen(request, timeout=30).close()

    thread = threading.Thread(target=push)
    thread.start()
    try:
        yield pushed
    finally:
        stop.set()
        thread.join()


def _metrics(session: CDPSession) -> dict[str, float]:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics}


if __name__ == "__main__":
    main()
