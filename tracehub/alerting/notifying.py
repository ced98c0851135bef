"""Plans who is told of what: alerts become news of groups, and groups become notifications when it is time."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from tracehub.alerting.grouping import concerns, episode_of, flushed, group_of, with_news
from tracehub.alerting.silencing import silencing
from tracehub.model.alert import Alert, AlertState
from tracehub.model.channel import Channel
from tracehub.model.notification import Group, Notification
from tracehub.store import alert_channels, alert_groups, alert_notifications, alert_silences, alerts
from tracehub.store.schema import DEFAULT_PROJECT

_Key = tuple[str, str]


def plan(connection: Connection, changed: Sequence[Alert], now: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Notes what has become of alerts, in the order it did, and puts in the queue what is to be told of it by now.

    Called in the transaction that writes the alerts, so that none is written of which nobody will be told.
    """
    if changed:
        alert_groups.hold(connection)
        _note(connection, changed, now, project)
    _flush(connection, now, project)


def look_again(connection: Connection, now: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Puts in the queue what is to be told by now though no alert has changed: waits are over, silences have ended,
    alerts go on, or a channel is new."""
    alert_groups.hold(connection)
    _note(connection, alerts.every(connection, [AlertState.FIRING], project=project), now, project)
    _flush(connection, now, project)


def _note(connection: Connection, changed: Sequence[Alert], now: int, project: str) -> None:
    channels = [row.channel for row in alert_channels.every(connection, project=project)]
    news: dict[_Key, tuple[Channel, dict[str, str], list[Alert]]] = {}
    for alert in changed:
        if alert.state is AlertState.PENDING:
            continue
        for channel in channels:
            if concerns(alert, channel):
                group_id, labels = group_of(alert, channel)
                news.setdefault((channel.name, group_id), (channel, labels, []))[2].append(alert)
    if not news:
        return
    known = alert_groups.of(connection, news, project=project)
    if news.keys() - known.keys():
        known |= _forgotten(connection, news, known, project)
    found = {key: with_news(known.get(key), of, labels, channel, now) for key, (channel, labels, of) in news.items()}
    alert_groups.save(
        connection, {key: group for key, group in found.items() if group != known.get(key)}, project=project
    )


def _forgotten(
    connection: Connection, news: Iterable[_Key], known: Mapping[_Key, Group], project: str
) -> dict[_Key, Group]:
    """Groups that were all over, of which a message still waits: what is told next must not overtake it."""
    waiting = alert_notifications.open_numbers(connection, project=project)
    return {
        key: Group(channel=key[0], labels={}, flush_at=None, told_at=None, rounds=waiting[key], members={})
        for key in news
        if key not in known and key in waiting
    }


def _flush(connection: Connection, now: int, project: str) -> None:
    if not (due := alert_groups.due(connection, now, project=project)):
        return
    alert_groups.hold(connection)
    due = alert_groups.due(connection, now, project=project)
    channels = {row.channel.name: row.channel for row in alert_channels.every(connection, project=project)}
    silences = alert_silences.ending_after(connection, now, project=project)
    waiting = alert_notifications.open_numbers(connection, project=project)
    told: list[Notification] = []
    groups: dict[_Key, Group] = {}
    for key, group in due.items():
        channel = channels.get(group.channel)
        if channel is None:
            groups[key] = replace(group, members={})
            continue
        silenced = {
            episode: silencing(member.alert.labels, silences, now) is not None
            for episode, member in group.members.items()
        }
        groups[key], notification = flushed(group, key[1], channel, silenced, now, waiting=key in waiting)
        if notification is not None:
            told.append(notification)
    alert_notifications.add(connection, told, project=project)
    alert_groups.save(connection, groups, project=project)


__all__ = ["episode_of", "look_again", "plan"]
