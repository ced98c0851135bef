"""When an alias began to lead to another version of its agent."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from tracehub.model.tally import Cell


class VersionChange(msgspec.Struct, frozen=True, kw_only=True):
    """`version` was first seen behind an alias in the stretch of time that began `at`, where `before` was seen until
    then."""

    at: int
    agent_id: str | None
    alias_id: str
    before: str
    version: str


def version_changes(turns: Iterable[Cell]) -> tuple[VersionChange, ...]:
    """The changes in the order they happened. Versions that are seen side by side change once, where the newer begins.

    Whether a version lay behind the alias before the first turn of the cells is not known, so the first is no change.
    """
    first: defaultdict[tuple[str | None, str], dict[str, int]] = defaultdict(dict)
    for cell in turns:
        if cell.alias_id and cell.agent_version:
            seen = first[cell.agent_id, cell.alias_id]
            seen[cell.agent_version] = min(cell.began_at, seen.get(cell.agent_version, cell.began_at))
    found = []
    for (agent_id, alias_id), seen in first.items():
        in_order = sorted(seen, key=lambda version: (seen[version], version))
        for before, version in pairwise(in_order):
            found.append(
                VersionChange(at=seen[version], agent_id=agent_id, alias_id=alias_id, before=before, version=version)
            )
    return tuple(sorted(found, key=lambda change: change.at))
