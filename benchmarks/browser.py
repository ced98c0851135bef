"""What Chromium measures of one page: paint, blocking, shifts, bytes, elements, and a click on a step."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from playwright.sync_api import Browser, Page

_WATCH = """
window.seen = {lcp: 0, shifted: 0, blocked: 0, first: 0, bytes: 0};
const watch = (type, does) =>
  new PerformanceObserver((list) => list.getEntries().forEach(does)).observe({type, buffered: true});
watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shifted += entry.value; });
watch("longtask", (entry) => { seen.blocked += Math.max(0, entry.duration - 50); });
const look = () => document.querySelector(SELECTOR) ? seen.first = performance.now() : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
_NAVIGATION = """() => {
  const [page] = performance.getEntriesByType("navigation");
  return {...seen, server: page.responseStart - page.requestStart, nodes: document.getElementsByTagName("*").length};
}"""
# From the click to the frame after the panel holds the step.
_CLICKED = """(row) => new Promise((done) => {
  const begin = performance.now();
  new MutationObserver((_, watcher) => {
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
  }).observe(document.querySelector("#detail"), {childList: true});
  row.click();
})"""
SIZE = {"width": 1440, "height": 900}


class Load(msgspec.Struct, frozen=True):
    """One load: milliseconds to the first bytes, the first row, the largest paint, and blocked; the rest counts."""

    server: float
    first: float
    lcp: float
    blocked: float
    shifted: float
    nodes: float
    bytes: float


def measure(browser: Browser, url: str, rows: str, *, runs: int, slower: int = 1, settle: float = 0.5) -> Load:
    """The medians of so many loads by a browser that has seen nothing yet; `rows` selects the first row."""
    loads = [_load(browser, url, rows, slower, settle) for _ in range(runs)]
    return Load(*(statistics.median(getattr(load, name) for load in loads) for name in Load.__struct_fields__))


def clicks(browser: Browser, url: str, rows: str, times: int, *, slower: int = 1) -> list[float]:
    """Milliseconds from clicks on steps to their panels' paint, ascending."""
    with _page(browser, rows, slower) as page:
        page.goto(url)
        links = page.locator(rows)
        step = max(1, links.count() // times)
        took = [links.nth(place).evaluate(_CLICKED) for place in range(0, links.count(), step)][:times]
    return sorted(took)


def _load(browser: Browser, url: str, rows: str, slower: int, settle: float) -> Load:
    with _page(browser, rows, slower) as page:
        received: list[float] = []
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
        page.goto(url)
        page.wait_for_function("() => seen.first > 0", timeout=120_000)
        _rest(page, settle)
        found = page.evaluate(_NAVIGATION)
    return msgspec.convert(found | {"bytes": sum(received)}, Load)


def _rest(page: Page, settle: float) -> None:
    """Waits until the number of elements stays the same for so many seconds."""
    before = -1
    for _ in range(120):
        nodes = page.evaluate("document.getElementsByTagName('*').length")
        if nodes == before:
            return
        before = nodes
        time.sleep(settle)


@contextmanager
def _page(browser: Browser, rows: str, slower: int) -> Iterator[Page]:
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    context.set_default_timeout(120_000)
    context.add_init_script(_WATCH.replace("SELECTOR", repr(rows)))
    page = context.new_page()
    if slower > 1:
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    try:
        yield page
    finally:
        context.close()
