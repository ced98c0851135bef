"""Takes pictures: `make screenshots` of every page in each of its states, and those of the README."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.alert_ids import TOOLS_FAIL
from tests.browser.conftest import openers
from tests.browser.pages import VIEWS, View
from tests.browser.sites import Sites
from tests.browser.visits import visiting
from tests.chromium import running_browser
from tests.conftest import CHECKOUT

ALL = CHECKOUT / "screenshots"
README = CHECKOUT / "docs" / "images"
SIZES = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
_README_PAGES = (
    ("sessions", "demo"),
    ("tools", "demo"),
    ("latency", "demo"),
    ("compare", "demo"),
    ("sources", "sources"),
)
_ALERT = f"alerts/{TOOLS_FAIL}?since=7d"


def main() -> None:
    """Writes name-width-scheme.png of every view into screenshots/, and the README's into docs/images."""
    ALL.mkdir(exist_ok=True)
    README.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running_browser() as browser, Sites(Path(name), openers()) as sites:
        for view in VIEWS:
            _take(browser, sites, view)
        _take_for_the_readme(browser, sites)


def _take(browser: Browser, sites: Sites, view: View) -> None:
    for width, height in SIZES.items():
        with visiting(browser, sites, view, width=width) as visit:
            visit.page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                visit.page.screenshot(path=ALL / f"{view.name}-{width}-{scheme}.png")


def _take_for_the_readme(browser: Browser, sites: Sites) -> None:
    for width, suffix, schemes in ((1440, "", SCHEMES), (390, "-phone", ("light",))):
        context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, locale="en-GB")
        page = context.new_page()
        for name, site in _README_PAGES:
            if not suffix or site == "demo":
                page.goto(f"{sites.address(site)}/{name}")
                _in_schemes(page, name, suffix, schemes)
        if not suffix:
            page.goto(f"{sites.address('alerts')}/{_ALERT}")
            _in_schemes(page, "alert", suffix, schemes)
        _open_a_failed_step(page, sites.address("demo"), wide=not suffix)
        _in_schemes(page, "session", suffix, schemes)
        context.close()


def _open_a_failed_step(page: Page, address: str, *, wide: bool) -> None:
    page.goto(f"{address}/sessions?errors=1&tool=OrderActions__refund_order")
    page.locator("th[scope=row] a").first.click()
    page.locator(".wf").first.wait_for()
    if wide:
        page.locator("li.e:has(.k-tool) > a").first.click()
        page.locator("#detail .panel").wait_for()
        page.evaluate("scrollTo(0, 0)")


def _in_schemes(page: Page, name: str, suffix: str, schemes: tuple[str, ...]) -> None:
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(path=README / f"{name}-{scheme}{suffix}.png")


if __name__ == "__main__":
    main()
