"""Which agent run called which collaborator's run."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_missing
from tracehub.store.schema import DEFAULT_PROJECT, run_links

_DEEPEST = 32


def ancestors(
    connection: Connection, run_ids: Iterable[str], known: Mapping[str, str], *, project: str = DEFAULT_PROJECT
) -> dict[str, str]:
    """The topmost run above each of `run_ids` (itself where nothing called it), by the stored links and by `known`."""
    wanted = set(run_ids)
    parents = dict(known)
    frontier = wanted | set(known.values())
    asked: set[str] = set()
    for _ in range(_DEEPEST):
        frontier -= asked
        if not frontier:
            break
        asked |= frontier
        found = _parents(connection, frontier, project)
        for run, parent in found.items():
            parents.setdefault(run, parent)
        frontier = set(found.values())
    return {run: _top(run, parents) for run in wanted}


def children(connection: Connection, run_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> set[str]:
    """The runs called by any of these, directly."""
    found: set[str] = set()
    for chunk in in_chunks(run_ids):
        query = select(run_links.c.run_id).where(
            run_links.c.project_id == project, run_links.c.parent_run_id.in_(chunk)
        )
        found.update(connection.scalars(query))
    return found


def add(connection: Connection, links: Mapping[str, str], *, project: str = DEFAULT_PROJECT) -> None:
    """Keeps new links (run to the run that called it); the first one known of a run stays."""
    insert_missing(
        connection,
        run_links,
        [{"project_id": project, "run_id": run, "parent_run_id": parent} for run, parent in sorted(links.items())],
    )


def _parents(connection: Connection, run_ids: Iterable[str], project: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in in_chunks(run_ids):
        query = select(run_links.c.run_id, run_links.c.parent_run_id).where(
            run_links.c.project_id == project, run_links.c.run_id.in_(chunk)
        )
        found.update({row.run_id: row.parent_run_id for row in connection.execute(query)})
    return found


def _top(run: str, parents: Mapping[str, str]) -> str:
    """The last run upwards. In a circle, which only hostile input makes, that is the same run from everywhere in it."""
    seen = [run]
    while (parent := parents.get(run)) is not None:
        if parent in seen:
            return min(seen[seen.index(parent) :])
        seen.append(parent)
        run = parent
    return run
