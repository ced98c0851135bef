"""The groups of alerts that share a message, and what was told of them."""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, delete, func, select

from tracehub.model.notification import Group
from tracehub.store.dialect import lock, upsert
from tracehub.store.schema import DEFAULT_PROJECT, alert_groups

_read = msgspec.json.Decoder(Group).decode


def hold(connection: Connection) -> None:
    """Keeps other processes from changing groups until the transaction ends."""
    lock(connection, ["alert-groups"])


def of(
    connection: Connection, keys: Iterable[tuple[str, str]], *, project: str = DEFAULT_PROJECT
) -> dict[tuple[str, str], Group]:
    """Those of these groups, by channel and group_id, that there are."""
    wanted = set(keys)
    query = select(alert_groups.c.channel, alert_groups.c.group_id, alert_groups.c.content).where(
        alert_groups.c.project_id == project, alert_groups.c.channel.in_({channel for channel, _ in wanted})
    )
    found = {(row.channel, row.group_id): row.content for row in connection.execute(query)}
    return {key: _read(content) for key, content in found.items() if key in wanted}


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> dict[tuple[str, str], Group]:
    """All groups, by channel and group_id: as many as there are kinds of alerts that fire."""
    query = select(alert_groups.c.channel, alert_groups.c.group_id, alert_groups.c.content).where(
        alert_groups.c.project_id == project
    )
    return {(row.channel, row.group_id): _read(row.content) for row in connection.execute(query)}


def due(connection: Connection, now: int, *, project: str = DEFAULT_PROJECT) -> dict[tuple[str, str], Group]:
    """The groups of which something is to be told now, by channel and group_id."""
    query = select(alert_groups.c.channel, alert_groups.c.group_id, alert_groups.c.content).where(
        alert_groups.c.project_id == project, alert_groups.c.flush_at <= now
    )
    return {(row.channel, row.group_id): _read(row.content) for row in connection.execute(query)}


def next_flush(connection: Connection, *, project: str = DEFAULT_PROJECT) -> int | None:
    """When something is to be told next (microseconds since 1970 UTC)."""
    query = select(func.min(alert_groups.c.flush_at)).where(alert_groups.c.project_id == project)
    found: int | None = connection.scalar(query)
    return found


def save(connection: Connection, groups: Mapping[tuple[str, str], Group], *, project: str = DEFAULT_PROJECT) -> None:
    """Writes groups; those without members are forgotten."""
    rows: list[dict[str, object]] = []
    for (channel, group_id), group in groups.items():
        if group.members:
            content = msgspec.json.encode(group).decode()
            key: dict[str, object] = {"project_id": project, "channel": channel, "group_id": group_id}
            rows.append({**key, "flush_at": group.flush_at, "content": content})
        else:
            these = (alert_groups.c.project_id == project, alert_groups.c.channel == channel)
            connection.execute(delete(alert_groups).where(*these, alert_groups.c.group_id == group_id))
    upsert(connection, alert_groups, rows)
