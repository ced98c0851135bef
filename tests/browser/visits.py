"""One load of a page, with everything that the browser says of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Request, Response

from tests.browser.pages import View
from tests.browser.sites import Sites

SIZE = {"width": 1280, "height": 900}
# Runs before the page's own scripts: writes down what the page may not do, and which timers it holds.
_WATCH = """
window.seen = {blocked: [], shifted: 0, timers: new Set()};
addEventListener("securitypolicyviolation", (event) => {
  seen.blocked.push(event.violatedDirective + " " + event.blockedURI);
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
for (const [start, stop, again] of [["setTimeout", "clearTimeout", false], ["setInterval", "clearInterval", true]]) {
  const [begin, end] = [window[start], window[stop]];
  window[start] = (does, ...rest) => {
    const id = begin(() => { if (!again) seen.timers.delete(id); does(); }, ...rest);
    seen.timers.add(id);
    return id;
  };
  window[stop] = (id) => { seen.timers.delete(id); end(id); };
}
"""


@dataclass
class Visit:
    """A page that is open, and what happened since it was asked for."""

    view: View
    url: str
    page: Page
    status: int = 0
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    @property
    def loaded(self) -> list[Response]:
        """The answers to the requests, redirects left out."""
        answers = [request.response() for request in self.requests]
        return [answer for answer in answers if answer is not None and not 300 <= answer.status < 400]


@contextmanager
def visiting(browser: Browser, sites: Sites, view: View) -> Iterator[Visit]:
    """Opens a page in a browser that has seen nothing yet, and does there what its state needs."""
    context = browser.new_context(viewport=SIZE, locale="en-GB", color_scheme="light")  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    context.add_init_script(_WATCH)
    visit = Visit(view, sites.url(view), context.new_page())
    page = visit.page
    page.on("console", lambda said: said.type == "error" and visit.complaints.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: visit.complaints.append(f"uncaught: {error.message}"))
    page.on("request", lambda request: visit.requests.append(request))
    page.on("dialog", lambda dialog: (visit.dialogs.append(dialog.message), dialog.dismiss()))
    answer = page.goto(visit.url)
    assert answer is not None
    visit.status = answer.status
    if view.act:
        view.act(page)
        page.wait_for_load_state()
    try:
        yield visit
    finally:
        context.close()
