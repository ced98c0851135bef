"""Which call handed control back, and which call brought the result."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, return_controls

LONGEST = 200


class Exchange(NamedTuple):
    """The traces on both sides of an invocationId; None where that side has not been seen."""

    asked_by: str | None
    answered_by: str | None


def find(
    connection: Connection, return_control_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, Exchange]:
    """Both sides of each of these that is known."""
    found: dict[str, Exchange] = {}
    names = {_key(name): name for name in return_control_ids}
    for chunk in in_chunks(names):
        query = select(
            return_controls.c.return_control_id, return_controls.c.asked_by, return_controls.c.answered_by
        ).where(return_controls.c.project_id == project, return_controls.c.return_control_id.in_(chunk))
        found.update({names[row[0]]: Exchange(row[1], row[2]) for row in connection.execute(query)})
    return found


def add(connection: Connection, exchanges: Mapping[str, Exchange], *, project: str = DEFAULT_PROJECT) -> None:
    """Keeps what is known of each side; a side that was known stays."""
    if not exchanges:
        return
    statement = insert(connection, return_controls)
    table = return_controls.c
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id", "return_control_id"],
            set_={
                "asked_by": func.coalesce(table.asked_by, statement.excluded.asked_by),
                "answered_by": func.coalesce(table.answered_by, statement.excluded.answered_by),
            },
        ),
        [
            {
                "project_id": project,
                "return_control_id": _key(return_control_id),
                "asked_by": exchange.asked_by,
                "answered_by": exchange.answered_by,
            }
            for return_control_id, exchange in sorted(exchanges.items())
        ],
    )


def _key(return_control_id: str) -> str:
    """The id itself where it is like AWS's; a hash of one that no index of a database takes."""
    if len(return_control_id) <= LONGEST and return_control_id.isascii() and return_control_id.isprintable():
        return return_control_id
    return "sha256:" + sha256(return_control_id.encode("utf-8", "surrogatepass")).hexdigest()
