"""Walks through a page with the Tab key."""

from playwright.sync_api import Page

# Where the focus is: whether it can be seen, whether it stands after the one before, whether something covers it.
_HERE = """(before) => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const row = here.closest("tr");
  const style = getComputedStyle(here);
  const ring = (s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1;
  const faults = [];
  if (!ring(style) && !(row && ring(getComputedStyle(row))) && here.type !== "hidden") faults.push("no focus ring");
  const last = window.walked?.at(-1);
  if (last && !(last.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING)) faults.push("out of order");
  const box = here.getBoundingClientRect();
  if (box.bottom <= 0 || box.top >= innerHeight) faults.push("out of sight");
  (window.walked ??= []).push(here);
  return {what: here.outerHTML.slice(0, 120), faults};
}"""


def walk(page: Page, most: int) -> list[str]:
    """Presses Tab at most so often from the beginning of the page; what is wrong with where the focus went."""
    page.evaluate("() => { window.walked = []; document.activeElement.blur(); getSelection().removeAllRanges(); }")
    wrong: list[str] = []
    page.locator("body").evaluate("(body) => { body.tabIndex = -1; body.focus(); body.removeAttribute('tabindex'); }")
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(_HERE)
        if here is None:
            break
        wrong += [f"{fault}: {here['what']}" for fault in here["faults"]]
    return wrong
