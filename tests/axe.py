"""axe-core, run in a page over the DevTools protocol, which the pages' own policy does not bind."""

from functools import cache

import msgspec
from playwright.sync_api import Page

from tests import javascript
from tests.conftest import CHECKOUT

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast",)
_RUN = """async ([type, values]) => {
  const only = {runOnly: {type, values}, resultTypes: ["violations", "incomplete"], preload: false};
  const found = await axe.run(document, only);
  const told = (rules) => rules.flatMap(({id, nodes}) => nodes.map(({target, html, any, all, none}) => (
    {rule: id, target: target.flat().join(" "), html: html.slice(0, 300),
     why: [...any, ...all, ...none].map((check) => check.message).join("; ")})));
  return {violations: told(found.violations), incomplete: told(found.incomplete)};
}"""


class Finding(msgspec.Struct, frozen=True):
    """One element that a rule has something against, or cannot judge, and why."""

    rule: str
    target: str
    html: str
    why: str


class Findings(msgspec.Struct, frozen=True):
    """What axe found wrong with a page, and what it leaves to people."""

    violations: tuple[Finding, ...]
    incomplete: tuple[Finding, ...]


def examine(page: Page, *, colours_alone: bool = False) -> Findings:
    """Runs all rules over the page as it is now, or those that colours decide."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    return msgspec.convert(
        page.evaluate(_RUN, ["rule", list(COLOURS)] if colours_alone else ["tag", list(TAGS)]), Findings
    )


@cache
def _source() -> str:
    javascript.install()
    return (CHECKOUT / "tests/js/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
