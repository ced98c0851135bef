"""One load of a page, with everything that the browser says of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

from tests.browser.pages import View
from tests.browser.sites import Sites

SIZE = {"width": 1280, "height": 900}
# Runs before the page's own scripts: writes down what the page may not do, what moved, and which timers wait.
_WATCH = """
window.seen = {blocked: [], shifted: 0, timers: new Set()};
addEventListener("securitypolicyviolation", (event) => {
  seen.blocked.push(event.violatedDirective + " " + event.blockedURI);
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
for (const [start, stop, once] of [["setTimeout", "clearTimeout", true], ["setInterval", "clearInterval", false]]) {
  const [begin, end] = [window[start], window[stop]];
  window[start] = (does, ...rest) => {
    const id = begin((...given) => { if (once) seen.timers.delete(id); does(...given); }, ...rest);
    seen.timers.add(id);
    return id;
  };
  window[stop] = (id) => { seen.timers.delete(id); end(id); };
}
"""
_REFUSED = "Failed to load resource: the server responded with a status of 4"


class Visit:
    """An open page, and what happened there since it was asked for."""

    def __init__(self, page: Page, view: View, address: str) -> None:
        self.page = page
        self.view = view
        self.address = address
        self.status = 0
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error.message}"))
        page.on("request", lambda request: self.requests.append(request))
        page.on("dialog", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        # The browser reports that the page itself was answered with 404 or the like: that is its state.
        itself = message.text.startswith(_REFUSED) and message.location["url"] in self.documents
        if message.type in ("error", "warning") and not itself:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def documents(self) -> set[str]:
        """The addresses of the pages that were shown."""
        return {request.url for request in self.requests if request.resource_type == "document"}


@contextmanager
def visiting(
    browser: Browser, sites: Sites, view: View, *, scripts: bool = True, width: int = SIZE["width"]
) -> Iterator[Visit]:
    """Opens a page in a browser that has seen nothing yet, and does there what its state needs."""
    url = sites.url(view)
    context = browser.new_context(
        viewport={"width": width, "height": SIZE["height"]},
        locale="en-GB",
        color_scheme="light",
        java_script_enabled=scripts,
    )
    try:
        context.set_default_timeout(10_000)
        context.add_init_script(_WATCH)
        visit = Visit(context.new_page(), view, sites.address(view.site))
        answer = visit.page.goto(url)
        assert answer is not None
        visit.status = answer.status
        if view.act:
            view.act(visit.page)
            visit.page.wait_for_load_state()
        yield visit
    finally:
        context.close()
