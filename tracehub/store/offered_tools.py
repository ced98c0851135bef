"""Which functions agents' prompts offered to their models, and when that was seen first."""

from collections.abc import Iterable
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection, select

from tracehub.model.listing import Filter
from tracehub.store.dialect import insert_missing
from tracehub.store.schema import DEFAULT_PROJECT, offered_tools

MOST = 1000


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A function that one version of an agent was offered."""

    agent_id: str | None
    alias_id: str | None
    agent_version: str | None
    tool: str


def add(connection: Connection, offers: Iterable[Offer], *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Notes offers; those that are known stay as they are."""
    rows: list[dict[str, object]] = [
        {
            "project_id": project,
            "offer_id": blake2b(msgspec.json.encode(offer), digest_size=16).hexdigest(),
            **msgspec.structs.asdict(offer),
            "first_seen_at": now,
        }
        for offer in offers
    ]
    insert_missing(connection, offered_tools, sorted(rows, key=lambda row: str(row["offer_id"])))


def matching(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> tuple[Offer, ...]:
    """The offers to the filter's agents, at most MOST."""
    columns = [offered_tools.c[name] for name in Offer.__struct_fields__]
    query = select(*columns).where(offered_tools.c.project_id == project)
    for column, wanted in (
        (offered_tools.c.agent_id, filter.agents),
        (offered_tools.c.alias_id, filter.aliases),
        (offered_tools.c.agent_version, filter.versions),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    found = connection.execute(query.order_by(offered_tools.c.tool).limit(MOST))
    return tuple(Offer(**row._mapping) for row in found)
