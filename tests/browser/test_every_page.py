"""What holds for every page in each of its states: pages.py lists them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import axe
from tests.browser.focus import walk
from tests.browser.pages import VIEWS
from tests.browser.sites import Sites
from tests.browser.visits import SIZE, Visit, visiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

KB = 1024
_BY_TOKENS = "the colours are tokens, which tests/web/pages/test_contrast.py compares on every ground"
# What axe leaves to people, and why it is no fault here.
INCOMPLETE = {
    ("color-contrast", "element contains an image node"): f"text of a time axis, inside SVG: {_BY_TOKENS}",
    ("color-contrast", "partially obscured by another element"): f"text that scrolls inside its box: {_BY_TOKENS}",
    ("color-contrast", "overlapped by another element"): f"rows above their bars, and text on charts: {_BY_TOKENS}",
    ("color-contrast", "partially overlaps other elements"): f"an opened menu above the list: {_BY_TOKENS}",
    ("color-contrast", "too short to determine"): "numbers of one digit",
    ("color-contrast", "only non-text characters"): "marks such as ✕ and ◆, each beside the word that says the same",
    ("label-content-name-mismatch", "Unable to determine"): "the button ? is named for what it opens",
}
# What may be wider than the page: text that keeps its lines, and tables inside a box of their own.
_SIDEWAYS = """() => {
  const wide = [...document.querySelectorAll("body *")].filter((e) =>
    e.scrollWidth > e.clientWidth + 1 && !e.matches("pre, .scroll") &&
    /auto|scroll/.test(getComputedStyle(e).overflowX));
  if (document.documentElement.scrollWidth > innerWidth) wide.push(document.documentElement);
  return wide.map((e) => e.outerHTML.slice(0, 120));
}"""
# Without scripts everything that acts is a link, a form or a fold.
_DEAD = """() => [
  ...[...document.querySelectorAll("button")].filter((e) => e.checkVisibility() && !e.form),
  ...[...document.querySelectorAll("[hx-get], [hx-post]")].filter((e) =>
    !e.matches("form[action], a[href], [data-live]") && !e.querySelector("a[href]")),
].map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.name)
def visit(request: pytest.FixtureRequest, browser: Browser, sites: Sites) -> Iterator[Visit]:
    """One load of one page, which the tests of it share; each leaves it as it was."""
    with visiting(browser, sites, request.param) as opened:
        yield opened


def test_it_answers_as_it_should(visit: Visit) -> None:
    assert visit.status == visit.view.status


def test_it_loads_little(visit: Visit) -> None:
    urls = {request.url for request in visit.requests if request.resource_type != "document"}
    assert len(urls) <= 4
    sizes = dict.fromkeys(("stylesheet", "script"), 0)
    for request in visit.requests:
        if request.resource_type in sizes:
            sizes[request.resource_type] += request.sizes()["responseBodySize"]
    pages = len(visit.documents)
    assert sizes["script"] <= 20 * KB * pages
    assert sizes["stylesheet"] <= 10 * KB * pages  # app.css and session.css; test_rendering.py has each one's limit.
    assert visit.requests[0].sizes()["responseBodySize"] <= visit.view.most_kb * KB


def test_nothing_moves_while_it_loads(visit: Visit) -> None:
    if visit.view.act:
        pytest.skip("moved by a person")
    # Mostly 0; a busy machine may paint a table before its last row has come, and 0.006 was seen then.
    assert visit.page.evaluate("seen.shifted") < 0.01


def test_it_has_few_nodes(visit: Visit) -> None:
    assert visit.page.evaluate("document.getElementsByTagName('*').length") <= visit.view.most_nodes


def test_at_rest_it_does_nothing(visit: Visit) -> None:
    left = 1 if visit.view.live else 0
    visit.page.wait_for_function("(left) => seen.timers.size <= left", arg=left)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(visit: Visit, scheme: str) -> None:
    if visit.view.long:
        pytest.skip("too long for axe; session-200 is made by the same templates")
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = axe.examine(visit.page, colours_alone=scheme == "dark")
    visit.page.emulate_media(color_scheme="light")
    assert found.violations == ()
    assert [each for each in found.incomplete if not _explained(each)] == []


@pytest.mark.parametrize("width", [320, 390, SIZE["width"] // 2], ids=["320", "390", "zoomed-to-200%"])
def test_it_reads_without_scrolling_sideways(visit: Visit, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 640})
    wide = visit.page.evaluate(_SIDEWAYS)
    visit.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    assert wide == []


def test_the_keyboard_reaches_everything_in_order_and_is_seen(visit: Visit) -> None:
    assert walk(visit.page, 60) == []


def test_nothing_complains_and_nothing_leaves(visit: Visit) -> None:
    """Comes last, so that it hears of all that the tests before it did to the page."""
    assert visit.complaints == []
    assert visit.page.evaluate("seen.blocked") == []
    strange = [request.url for request in visit.requests if not request.url.startswith(f"{visit.address}/")]
    assert strange == []


@pytest.mark.parametrize("view", [view for view in VIEWS if not view.act], ids=lambda view: view.name)
def test_without_scripts_whatever_acts_is_a_link_or_a_form(browser: Browser, sites: Sites, view: object) -> None:
    with visiting(browser, sites, view, scripts=False) as visit:  # type: ignore[arg-type]
        assert visit.page.locator("h1").is_visible()
        assert visit.page.evaluate(_DEAD) == []


def _explained(finding: axe.Finding) -> bool:
    return any(rule == finding.rule and why in finding.why for rule, why in INCOMPLETE)
