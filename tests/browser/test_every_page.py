"""What holds for every page in each of its states: pages.py lists them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import axe
from tests.browser.pages import VIEWS
from tests.browser.sites import Sites
from tests.browser.visits import Visit, visiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

_BY_TOKENS = "the colours are tokens, which tests/web/pages/test_contrast.py compares on every ground"
# What axe leaves to people, and why it is no fault here.
INCOMPLETE = {
    ("color-contrast", "element contains an image node"): f"text of a time axis, inside SVG: {_BY_TOKENS}",
    ("color-contrast", "partially obscured by another element"): f"text that scrolls inside its box: {_BY_TOKENS}",
    ("color-contrast", "only non-text characters"): "marks such as ✕ and ◆, each beside the word that says the same",
    ("label-content-name-mismatch", "Unable to determine"): "the button ? is named for what it opens",
}


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: view.name)
def visit(request: pytest.FixtureRequest, browser: Browser, sites: Sites) -> Iterator[Visit]:
    """One load of one page, which the tests of it share."""
    with visiting(browser, sites, request.param) as opened:
        yield opened


def test_the_page_answers_as_it_should(visit: Visit) -> None:
    assert visit.status == visit.view.status


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(visit: Visit, scheme: str) -> None:
    if visit.view.long:
        pytest.skip("too long for axe; session-ok is made by the same templates")
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = axe.examine(visit.page)
    assert found.violations == ()
    assert [each for each in found.incomplete if not _explained(each)] == []
    visit.page.emulate_media(color_scheme="light")


def _explained(finding: axe.Finding) -> bool:
    return any(rule == finding.rule and why in finding.why for rule, why in INCOMPLETE)
