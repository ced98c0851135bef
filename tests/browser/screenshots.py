"""Makes the README's pictures from the demo: `python -m tests.browser.screenshots`."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.served import serving_demo
from tests.browser.sources import serving_sources
from tests.chromium import running_browser
from tests.conftest import CHECKOUT

IMAGES = CHECKOUT / "docs" / "images"
WIDE = (1440, 900)
NARROW = (390, 844)


def main() -> None:
    """Writes one picture per page and theme into docs/images."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving_demo(Path(folder)) as address, running_browser() as browser:
        for scheme in ("light", "dark"):
            _take(browser, address, scheme, WIDE, "")
        _take(browser, address, "light", NARROW, "-phone")
        (Path(folder) / "sources").mkdir()
        with serving_sources(Path(folder) / "sources") as sources:
            for scheme in ("light", "dark"):
                _take_sources(browser, sources, scheme)


def _take(browser: Browser, address: str, scheme: str, size: tuple[int, int], suffix: str) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    for name in ("sessions", "tools"):
        page.goto(f"{address}/{name}")
        page.screenshot(path=IMAGES / f"{name}-{scheme}{suffix}.png")
    page.goto(f"{address}/sessions?errors=1&tool=OrderActions__refund_order")
    page.locator("th[scope=row] a").first.click()
    page.locator(".wf").first.wait_for()
    if not suffix:
        page.locator("li.e:has(.k-tool) > a").first.click()
        page.locator("#detail .panel").wait_for()
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=IMAGES / f"session-{scheme}{suffix}.png")
    context.close()


def _take_sources(browser: Browser, address: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{address}/sources")
    page.screenshot(path=IMAGES / f"sources-{scheme}.png")
    page.close()


if __name__ == "__main__":
    main()
