"""Channels as people declared them, and how their newest messages fared. Secrets from the UI are sealed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from tracehub.errors import NotFoundError
from tracehub.model.channel import (
    SEALED,
    Channel,
    ChannelRow,
    check_entered,
    secrets_of,
    stands_elsewhere,
    with_secrets,
)
from tracehub.sealing import Sealer
from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, alert_channels

FROM_FILE = "file"

_read = msgspec.json.Decoder(Channel).decode
_read_secrets = msgspec.json.Decoder(dict[str, str]).decode


def declare(
    connection: Connection,
    channel: Channel,
    *,
    declared_in: str,
    now: int,
    sealer: Sealer | None = None,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Adds a channel, or changes the one of its name. Secrets that stand in it are sealed where a `sealer` is given.

    A secret that is only SEALED keeps the value that it had. PermanentError as `check_entered` raises it.
    """
    if declared_in != FROM_FILE:
        check_entered(channel)
    sealed = None
    if sealer is not None:
        secrets = secrets_of(channel)
        kept = _opened(connection, channel.name, sealer, project) if SEALED in secrets.values() else {}
        news = {place: kept.get(place, "") if value == SEALED else value for place, value in secrets.items()}
        hidden = {place: value for place, value in news.items() if not stands_elsewhere(value)}
        channel = with_secrets(channel, {place: SEALED if place in hidden else value for place, value in news.items()})
        sealed = sealer.seal(msgspec.json.encode(hidden).decode(), _place(channel.name)) if hidden else None
    row: dict[str, object] = {
        "project_id": project,
        "name": channel.name,
        "declaration": msgspec.json.encode(channel, order="deterministic").decode(),
        "sealed": sealed,
        "declared_in": declared_in,
        "created_at": now,
    }
    statement = insert(connection, alert_channels).values(row)
    changes = {name: statement.excluded[name] for name in ("declaration", "sealed", "declared_in")}
    connection.execute(statement.on_conflict_do_update(index_elements=["project_id", "name"], set_=changes))


def remove(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> None:
    """Takes a channel away; NotFoundError where there is none."""
    these = (alert_channels.c.project_id == project, alert_channels.c.name == name)
    if connection.execute(delete(alert_channels).where(*these)).rowcount == 0:
        raise _unknown(name)


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[ChannelRow, ...]:
    """All channels by name, without what is sealed. There are as many as a team declares."""
    query = select(alert_channels).where(alert_channels.c.project_id == project).order_by(alert_channels.c.name)
    return tuple(_row(row) for row in connection.execute(query))


def one(connection: Connection, name: str, *, project: str = DEFAULT_PROJECT) -> ChannelRow:
    """The channel of this name; NotFoundError where there is none."""
    found = next((row for row in every(connection, project=project) if row.channel.name == name), None)
    if found is None:
        raise _unknown(name)
    return found


def opened(
    connection: Connection, row: ChannelRow, sealer: Callable[[], Sealer], *, project: str = DEFAULT_PROJECT
) -> Channel:
    """The channel with its sealed secrets in their places; PermanentError where the seal cannot be opened.

    `sealer` is asked for only where something is sealed.
    """
    declared = secrets_of(row.channel)
    if SEALED not in declared.values():
        return row.channel
    secrets = _opened(connection, row.channel.name, sealer(), project)
    return with_secrets(row.channel, {place: secrets.get(place, value) for place, value in declared.items()})


def names(connection: Connection, *, declared_in: str, project: str = DEFAULT_PROJECT) -> Sequence[str]:
    """The names of the channels that were declared there."""
    query = select(alert_channels.c.name).where(
        alert_channels.c.project_id == project, alert_channels.c.declared_in == declared_in
    )
    return connection.scalars(query.order_by(alert_channels.c.name)).all()


def tried(connection: Connection, name: str, error: str | None, *, now: int, project: str = DEFAULT_PROJECT) -> None:
    """Notes how the newest message fared; nothing where the channel is gone."""
    values: dict[str, object] = {"last_error": error}
    values["last_sent_at" if error is None else "last_error_at"] = now
    these = (alert_channels.c.project_id == project, alert_channels.c.name == name)
    connection.execute(update(alert_channels).where(*these).values(values))


def _opened(connection: Connection, name: str, sealer: Sealer, project: str) -> Mapping[str, str]:
    query = select(alert_channels.c.sealed).where(alert_channels.c.project_id == project, alert_channels.c.name == name)
    sealed = connection.scalar(query)
    return _read_secrets(sealer.open(bytes(sealed), _place(name))) if sealed is not None else {}


def _place(name: str) -> str:
    return f"channel/{name}"


def _row(row: Row[Any]) -> ChannelRow:
    return ChannelRow(
        channel=_read(row.declaration),
        declared_in=row.declared_in,
        created_at=row.created_at,
        last_sent_at=row.last_sent_at,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
    )


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"there is no channel named {name[:100]!r}")
