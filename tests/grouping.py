"""Tests of one xdist_group run in one worker: pytest 9.2 no longer tells pytest-xdist 3.8 the groups by test ids."""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadGroupScheduling

from tests.browser.pages import VIEWS

_MARK = re.compile(r'^pytestmark = .*xdist_group\("([\w-]+)"\)', re.M)
_EVERY_PAGE = "tests/browser/test_every_page.py"
# The server of each view; so many pages are on the demo's that two workers share them, each with a server of its own.
_SITES = {
    view.name: f"{view.site} {place % 2}" if view.site == "demo" else view.site for place, view in enumerate(VIEWS)
}


class GroupedScheduling(LoadGroupScheduling):  # type: ignore[misc]
    """Reads the group where it is written, in the test's file; a test of a file without one stands alone.

    Of the tests of every page, those of each server are a group, so that no worker has all of them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        group = _group_of(self.config.rootpath / file)
        if group is not None and file == _EVERY_PAGE:
            return f"{group} of {_site_of(nodeid)}"
        return group or nodeid


def _site_of(nodeid: str) -> str:
    """By the name of the view in the test's id, such as `[sessions]` or `[light-sessions]`."""
    given = nodeid.partition("[")[2].removesuffix("]")
    names = [name for name in _SITES if given == name or given.endswith(f"-{name}") or given.startswith(f"{name}-")]
    return _SITES[max(names, key=len)] if names else "none"


@cache
def _group_of(file: Path) -> str | None:
    found = _MARK.search(file.read_text(encoding="utf-8"))
    return found[1] if found else None
