"""What tells callers apart: agents, aliases, versions."""

from collections.abc import Callable

from tracehub.model.tally import Cell
from tracehub.web.pages.labels import version_label
from tracehub.web.reports.tables import Datum, named

Key = tuple[str | None, ...]

BY_AGENT = {"agent": "Agent", "alias": "Alias", "version": "Version"}


def key_of(by: str) -> Callable[[Cell], Key]:
    """What a cell is grouped by: its agent, with its alias, or with its alias and version."""
    match by:
        case "agent":
            return lambda cell: (cell.agent_id,)
        case "alias":
            return lambda cell: (cell.agent_id, cell.alias_id)
        case _:
            return lambda cell: (cell.agent_id, cell.alias_id, cell.agent_version)


def agent_datum(key: Key, href: str | None = None) -> Datum:
    """An agent, with its alias and version where the key has them."""
    agent, alias, version = (*key, None, None, None)[:3]
    label = version_label(alias, version)
    shown = f"{agent or 'agent not reported'}{' · ' + label if label else ''}"
    return named("/".join(part or "" for part in key), shown=shown, href=href)
