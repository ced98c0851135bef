"""Tests of one xdist_group run in one worker: pytest 9.2 no longer tells pytest-xdist 3.8 the groups by test ids."""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadGroupScheduling

_MARK = re.compile(r'^pytestmark = .*xdist_group\("([\w-]+)"\)', re.M)


class GroupedScheduling(LoadGroupScheduling):  # type: ignore[misc]
    """Reads the group where it is written, in the test's file; a test of a file without one stands alone."""

    def _split_scope(self, nodeid: str) -> str:
        return _group_of(self.config.rootpath / nodeid.partition("::")[0]) or nodeid


@cache
def _group_of(file: Path) -> str | None:
    found = _MARK.search(file.read_text(encoding="utf-8"))
    return found[1] if found else None
