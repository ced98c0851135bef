"""Notifications that wait to be sent, and the log of those that were."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, select, update

from tracehub.model.notification import Message, Notification, Sending
from tracehub.store.dialect import insert_missing, lock
from tracehub.store.schema import DEFAULT_PROJECT, alert_notifications

_read = msgspec.json.Decoder(Message).decode
_OPEN = (Sending.WAITING.value, Sending.RETRYING.value)


def add(connection: Connection, found: Sequence[Notification], *, project: str = DEFAULT_PROJECT) -> None:
    """Puts notifications in the queue; one that is there already stays as it is."""
    rows: list[dict[str, object]] = [
        {
            "project_id": project,
            **{name: getattr(each, name) for name in _COLUMNS if name != "message"},
            "message": msgspec.json.encode(each.message).decode(),
            "claimed_until": 0,
        }
        for each in found
    ]
    insert_missing(connection, alert_notifications, rows)


def any_due(connection: Connection, now: int, *, project: str = DEFAULT_PROJECT) -> bool:
    """Whether there may be something to claim."""
    columns = alert_notifications.c
    query = select(columns.notification_id).where(
        columns.project_id == project, columns.state.in_(_OPEN), columns.next_at <= now, columns.claimed_until <= now
    )
    return connection.execute(query.limit(1)).first() is not None


def claim(
    connection: Connection,
    now: int,
    until: int,
    *,
    besides: Sequence[str] = (),
    channels: int = 8,
    most: int = 20,
    project: str = DEFAULT_PROJECT,
) -> tuple[Notification, ...]:
    """Notifications that are due, for whoever asks to send before `until` (microseconds); others get different ones.

    Of a group only the oldest that is open: what is over is told after what began. None for the channels `besides`,
    and for at most as many others as `channels` says.
    """
    lock(connection, ["alert-notifications"])
    columns = alert_notifications.c
    earlier = alert_notifications.alias("earlier")
    overtaken = exists().where(
        earlier.c.project_id == columns.project_id,
        earlier.c.state.in_(_OPEN),
        earlier.c.channel == columns.channel,
        earlier.c.group_id == columns.group_id,
        earlier.c.number < columns.number,
    )
    query = select(alert_notifications).where(
        columns.project_id == project,
        columns.state.in_(_OPEN),
        columns.next_at <= now,
        columns.claimed_until <= now,
        columns.channel.not_in(list(besides)),
        ~overtaken,
    )
    due = [_row(row) for row in connection.execute(query.order_by(columns.next_at).limit(most))]
    chosen = list(dict.fromkeys(each.channel for each in due))[:channels]
    found = tuple(each for each in due if each.channel in chosen)
    these = columns.notification_id.in_([each.notification_id for each in found])
    connection.execute(
        update(alert_notifications).where(columns.project_id == project, these).values(claimed_until=until)
    )
    return found


def keep(
    connection: Connection,
    notification: Notification,
    *,
    claimed_until: int,
    until: int,
    project: str = DEFAULT_PROJECT,
) -> bool:
    """Claims a claimed notification for longer; False, changing nothing, where another has claimed it since."""
    these = _claimed(notification, claimed_until, project)
    return connection.execute(update(alert_notifications).where(*these).values(claimed_until=until)).rowcount == 1


def open_numbers(connection: Connection, *, project: str = DEFAULT_PROJECT) -> dict[tuple[str, str], int]:
    """The number of the newest notification that is not delivered yet, by channel and group_id."""
    columns = alert_notifications.c
    query = select(columns.channel, columns.group_id, func.max(columns.number).label("number")).where(
        columns.project_id == project, columns.state.in_(_OPEN)
    )
    found = connection.execute(query.group_by(columns.channel, columns.group_id))
    return {(row.channel, row.group_id): row.number for row in found}


def done(
    connection: Connection,
    notification: Notification,
    *,
    claimed_until: int,
    project: str = DEFAULT_PROJECT,
) -> bool:
    """Writes how a claimed notification stands now; False, writing nothing, where another has claimed it since."""
    changed = (
        update(alert_notifications)
        .where(*_claimed(notification, claimed_until, project))
        .values(
            state=notification.state.value,
            attempts=notification.attempts,
            next_at=notification.next_at,
            sent_at=notification.sent_at,
            error=notification.error,
            claimed_until=0,
        )
    )
    return connection.execute(changed).rowcount == 1


def newest(
    connection: Connection,
    *,
    states: Sequence[Sending] = (),
    channel: str | None = None,
    before: int | None = None,
    most: int = 50,
    project: str = DEFAULT_PROJECT,
) -> tuple[Notification, ...]:
    """The log, the newest first: at most `most`, in these states (any, where none is named), made before `before`."""
    columns = alert_notifications.c
    query = select(alert_notifications).where(columns.project_id == project)
    if states:
        query = query.where(columns.state.in_([state.value for state in states]))
    if channel is not None:
        query = query.where(columns.channel == channel)
    if before is not None:
        query = query.where(columns.created_at < before)
    query = query.order_by(columns.created_at.desc(), columns.notification_id.desc()).limit(most)
    return tuple(_row(row) for row in connection.execute(query))


def send_again(connection: Connection, notification_id: str, *, now: int, project: str = DEFAULT_PROJECT) -> bool:
    """Puts one that was given up in the queue anew, its time for being given up too; whether there was one."""
    columns = alert_notifications.c
    these = (
        columns.project_id == project,
        columns.notification_id == notification_id,
        columns.state == Sending.GIVEN_UP.value,
    )
    values = {"state": Sending.WAITING.value, "next_at": now, "created_at": now, "attempts": 0, "claimed_until": 0}
    return connection.execute(update(alert_notifications).where(*these).values(values)).rowcount == 1


def prune(connection: Connection, before: int, *, project: str = DEFAULT_PROJECT) -> int:
    """Forgets what was sent or given up and made before then (microseconds); how many."""
    columns = alert_notifications.c
    old = (columns.project_id == project, columns.created_at < before, columns.state.not_in(_OPEN))
    return connection.execute(delete(alert_notifications).where(*old)).rowcount


_COLUMNS = tuple(Notification.__struct_fields__)


def _claimed(notification: Notification, until: int, project: str) -> tuple[ColumnElement[bool], ...]:
    columns = alert_notifications.c
    return (
        columns.project_id == project,
        columns.notification_id == notification.notification_id,
        columns.claimed_until == until,
        columns.state.in_(_OPEN),
    )


def _row(row: Row[Any]) -> Notification:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Notification(**{**values, "state": Sending(row.state), "message": _read(row.message)})
