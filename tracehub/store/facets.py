"""The values that filters can take."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from tracehub.model.listing import Facets
from tracehub.model.tally import SESSION
from tracehub.store.rollups import DAY
from tracehub.store.schema import DEFAULT_PROJECT, rollups

MOST_VALUES = 500
_TOOLS, _LOOKUPS, _MODELS = ("tool", "code"), ("retrieval",), ("model",)


def facets(connection: Connection, *, project: str = DEFAULT_PROJECT) -> Facets:
    """The agents, aliases and versions of sessions, and what they called; at most MOST_VALUES of each kind.

    Read from the rollups, which know a new name some seconds after its first call: reading every session and call to
    find a few dozen names takes seconds at a million spans.
    """
    kinds = (SESSION, *_TOOLS, *_LOOKUPS, *_MODELS)
    columns = (rollups.c.kind, rollups.c.name, rollups.c.agent_id, rollups.c.alias_id, rollups.c.agent_version)
    query = select(*columns).distinct().where(rollups.c.project_id == project, rollups.c.minutes == DAY)
    seen = connection.execute(query.where(rollups.c.kind.in_(kinds))).all()
    callers = [row for row in seen if row.kind == SESSION]

    def called(*wanted: str) -> tuple[str, ...]:
        return _sorted(row.name for row in seen if row.kind in wanted)

    return Facets(
        agents=_sorted(row.agent_id for row in callers),
        aliases=_sorted(row.alias_id for row in callers),
        versions=_sorted(row.agent_version for row in callers),
        tools=called(*_TOOLS),
        knowledge_bases=called(*_LOOKUPS),
        models=called(*_MODELS),
    )


def _sorted(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name})[:MOST_VALUES])
