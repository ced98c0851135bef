"""The values that filters can take."""

from sqlalchemy import Column, Connection, select

from tracehub.model.listing import Facets
from tracehub.store.schema import DEFAULT_PROJECT, is_tool_call, sessions, spans

MOST_VALUES = 500


def facets(connection: Connection, *, project: str = DEFAULT_PROJECT) -> Facets:
    """Agents, aliases and versions of the sessions, and the tools called; at most MOST_VALUES of each."""
    return Facets(
        agents=_values(connection, sessions.c.agent_id, project),
        aliases=_values(connection, sessions.c.alias_id, project),
        versions=_values(connection, sessions.c.agent_version, project),
        tools=_tools(connection, project),
    )


def _values(connection: Connection, column: Column[str], project: str) -> tuple[str, ...]:
    query = select(column).distinct().where(sessions.c.project_id == project, column.is_not(None))
    return tuple(connection.scalars(query.order_by(column).limit(MOST_VALUES)))


def _tools(connection: Connection, project: str) -> tuple[str, ...]:
    """Walks the index from name to name: reading every call to find a dozen names takes seconds at a million spans."""
    query = select(spans.c.name).where(spans.c.project_id == project, is_tool_call).order_by(spans.c.name).limit(1)
    names: list[str] = []
    name = connection.scalar(query)
    while name is not None and len(names) < MOST_VALUES:
        names.append(name)
        name = connection.scalar(query.where(spans.c.name > name))
    return tuple(names)
