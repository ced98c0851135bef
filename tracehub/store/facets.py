"""The values that filters can take."""

from sqlalchemy import Connection, select

from tracehub.model.listing import Facets
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, sessions, spans

MOST_VALUES = 500


def facets(connection: Connection, *, project: str = DEFAULT_PROJECT) -> Facets:
    """Agents, aliases and versions of the sessions, and the tools called; at most MOST_VALUES of each kind."""
    columns = (sessions.c.agent_id, sessions.c.alias_id, sessions.c.agent_version)
    query = select(*columns).distinct().where(sessions.c.project_id == project).limit(MOST_VALUES)
    seen = connection.execute(query).all()
    agents, aliases, versions = (
        tuple(sorted({row[place] for row in seen if row[place] is not None})) for place in range(len(columns))
    )
    return Facets(agents=agents, aliases=aliases, versions=versions, tools=_tools(connection, project))


def _tools(connection: Connection, project: str) -> tuple[str, ...]:
    """Walks the index from name to name: reading every call to find a dozen names takes seconds at a million spans."""
    query = select(spans.c.name).where(spans.c.project_id == project, is_tool_call).order_by(spans.c.name).limit(1)
    names: list[str] = []
    name = connection.scalar(query)
    while name is not None and len(names) < MOST_VALUES:
        names.append(name)
        name = connection.scalar(query.where(spans.c.name > name))
    return tuple(names)
