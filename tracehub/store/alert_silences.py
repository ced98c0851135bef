"""Silences and maintenance windows."""

import msgspec
from sqlalchemy import Connection, delete, or_, select

from tracehub.errors import NotFoundError
from tracehub.model.silence import Silence
from tracehub.store.dialect import upsert
from tracehub.store.schema import DEFAULT_PROJECT, alert_silences

_read = msgspec.json.Decoder(Silence).decode


def save(connection: Connection, silence: Silence, *, project: str = DEFAULT_PROJECT) -> None:
    """Writes a silence; the one of its id is replaced."""
    row: dict[str, object] = {"project_id": project, "silence_id": silence.silence_id, "ends_at": silence.ends_at}
    upsert(connection, alert_silences, [{**row, "content": msgspec.json.encode(silence).decode()}])


def ending_after(connection: Connection, now: int, *, project: str = DEFAULT_PROJECT) -> tuple[Silence, ...]:
    """The silences that are not over, those that have yet to begin among them; the oldest first."""
    query = select(alert_silences.c.content).where(
        alert_silences.c.project_id == project,
        or_(alert_silences.c.ends_at.is_(None), alert_silences.c.ends_at > now),
    )
    found = [_read(content) for content in connection.scalars(query)]
    return tuple(sorted(found, key=lambda silence: (silence.created_at, silence.silence_id)))


def ended(connection: Connection, now: int, *, most: int = 50, project: str = DEFAULT_PROJECT) -> tuple[Silence, ...]:
    """The silences that are over, the newest first, at most `most`."""
    query = select(alert_silences.c.content).where(
        alert_silences.c.project_id == project, alert_silences.c.ends_at <= now
    )
    query = query.order_by(alert_silences.c.ends_at.desc(), alert_silences.c.silence_id).limit(most)
    return tuple(_read(content) for content in connection.scalars(query))


def one(connection: Connection, silence_id: str, *, project: str = DEFAULT_PROJECT) -> Silence:
    """The silence of this id; NotFoundError where there is none."""
    query = select(alert_silences.c.content).where(
        alert_silences.c.project_id == project, alert_silences.c.silence_id == silence_id
    )
    content = connection.scalar(query)
    if content is None:
        msg = f"there is no silence {silence_id}"
        raise NotFoundError(msg)
    return _read(content)


def remove(connection: Connection, before: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets silences that ended before then."""
    old = (alert_silences.c.project_id == project, alert_silences.c.ends_at < before)
    connection.execute(delete(alert_silences).where(*old))
