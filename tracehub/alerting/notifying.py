"""Plans who is told of what: alerts become news of groups, and groups become notifications when it is time."""

from collections.abc import Iterable, Mapping, Sequence, Set

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
    alerts go on, or a channel is new, is back or groups by other labels."""
    alert_groups.hold(connection)
    _end(connection, now, project)
    _note(connection, alerts.every(connection, [AlertState.FIRING], project=project), now, project)
    _flush(connection, now, project)


def _end(connection: Connection, now: int, project: str) -> None:
    """What has ended while it belonged to another group, or its channel was away, is over for those who were told."""
    known = {alert.alert_id: alert for alert in alerts.every(connection, project=project)}
    channels = {row.channel.name: row.channel for row in alert_channels.every(connection, project=project)}
    changed: dict[_Key, Group] = {}
    for key, group in alert_groups.every(connection, project=project).items():
        over = [
            _ended(member.alert, known.get(member.alert.alert_id), now)
            for episode, member in group.members.items()
            if member.alert.state is AlertState.FIRING and not _fires(episode, known.get(member.alert.alert_id))
        ]
        if over and group.channel in channels:
            changed[key] = with_news(group, over, group.labels, channels[group.channel], now)
    alert_groups.save(connection, changed, project=project)


def _fires(episode: str, alert: Alert | None) -> bool:
    return alert is not None and alert.state is AlertState.FIRING and episode_of(alert) == episode


def _ended(told: Alert, alert: Alert | None, now: int) -> Alert:
    if alert is not None and alert.state is AlertState.RESOLVED and episode_of(alert) == episode_of(told):
        return alert
    return replace(told, state=AlertState.RESOLVED, resolved_at=now)


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
    firing = {episode_of(alert): alert for alert in alerts.every(connection, [AlertState.FIRING], project=project)}
    told: list[Notification] = []
    groups: dict[_Key, Group] = {}
    for key, found in due.items():
        channel = channels.get(found.channel)
        if channel is None:
            groups[key] = replace(found, members={})
            continue
        elsewhere = {
            episode for episode in found.members.keys() & firing.keys() if not _belongs(firing[episode], key, channel)
        }
        group = _without_untold(found, elsewhere)
        silenced = {
            episode: episode in elsewhere or silencing(member.alert.labels, silences, now) is not None
            for episode, member in group.members.items()
        }
        groups[key], notification = flushed(group, key[1], channel, silenced, now, waiting=key in waiting)
        if notification is not None:
            told.append(notification)
    alert_notifications.add(connection, told, project=project)
    alert_groups.save(connection, groups, project=project)


def _belongs(alert: Alert, key: _Key, channel: Channel) -> bool:
    return concerns(alert, channel) and group_of(alert, channel)[0] == key[1]


def _without_untold(group: Group, elsewhere: Set[str]) -> Group:
    """Who was told of it here is told here that it is over; all else is told where it belongs now."""
    members = {episode: member for episode, member in group.members.items() if member.told or episode not in elsewhere}
    return replace(group, members=members)


__all__ = ["episode_of", "look_again", "plan"]
