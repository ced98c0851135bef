"""Lists of sessions that people saved under a name."""

from sqlalchemy import Connection, delete, select

from tracehub.model.listing import SavedView
from tracehub.store.dialect import upsert
from tracehub.store.schema import DEFAULT_PROJECT, saved_views

MOST_VIEWS = 100


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[SavedView, ...]:
    """The views by name, at most MOST_VIEWS."""
    query = select(saved_views.c.name, saved_views.c.query).where(saved_views.c.project_id == project)
    found = connection.execute(query.order_by(saved_views.c.name).limit(MOST_VIEWS))
    return tuple(SavedView(name=name, query=words) for name, words in found)


def save(connection: Connection, view: SavedView, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Writes a view; one of the same name is replaced."""
    row = {"project_id": project, "name": view.name, "query": view.query, "saved_at": now}
    upsert(connection, saved_views, [row])


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Deletes a view; nothing where there is none of that name."""
    connection.execute(delete(saved_views).where(saved_views.c.project_id == project, saved_views.c.name == name))
