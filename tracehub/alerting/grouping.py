"""What is told when: alerts that share a message, once when they fire, again while they do, and when it is over."""

from collections.abc import Collection, Mapping, Sequence, Set
from hashlib import blake2b

import msgspec

from tracehub.model.alert import Alert, AlertState
from tracehub.model.channel import Channel, serious_enough
from tracehub.model.notification import Group, Member, Message, Notification, Sending

_SECOND = 1_000_000
# When a silence may have ended meanwhile.
_LOOK_AGAIN = 60 * _SECOND
# Alerts that one message tells of; it counts the others.
MOST_MEMBERS = 200


def group_of(alert: Alert, channel: Channel) -> tuple[str, dict[str, str]]:
    """The id (32 hex digits) and the labels of the group that an alert belongs to in a channel."""
    labels = {name: alert.labels[name] for name in channel.group_by if name in alert.labels}
    written = msgspec.json.encode(sorted(labels.items()))
    return blake2b(written, digest_size=16, person=b"tracehub/group").hexdigest(), labels


def concerns(alert: Alert, channel: Channel) -> bool:
    """Whether people are told of an alert there: the rule names the channel, or none at all."""
    return (not alert.channels or channel.name in alert.channels) and serious_enough(alert.severity, channel)


def episode_of(alert: Alert) -> str:
    """What names this firing of the alert."""
    return f"{alert.alert_id}@{alert.fired_at}"


def with_news(
    group: Group | None, alerts: Sequence[Alert], labels: dict[str, str], channel: Channel, now: int
) -> Group:
    """The group once these alerts of it fire, or are over, and when that is told.

    A new group waits for others of it; news of one that was told follows after the interval.
    """
    if group is None or not group.members:
        rounds = group.rounds if group else 0
        group = Group(channel=channel.name, labels=labels, flush_at=None, told_at=None, rounds=rounds, members={})
    members = dict(group.members)
    news = False
    for alert in alerts:
        episode = episode_of(alert)
        before = members.get(episode)
        # Who never heard that it began need not hear that it is over.
        if alert.state is AlertState.PENDING or (before is None and alert.state is AlertState.RESOLVED):
            continue
        news = news or before is None or before.alert.state is not alert.state
        members[episode] = Member(alert=alert, told=before.told if before else False)
    if not news:
        return msgspec.structs.replace(group, members=members)
    flush_at = _when(group, channel, now)
    if group.flush_at is not None:
        flush_at = min(flush_at, group.flush_at)
    return msgspec.structs.replace(group, members=members, flush_at=flush_at)


def flushed(
    group: Group, group_id: str, channel: Channel, silenced: Mapping[str, bool], now: int, *, waiting: bool = False
) -> tuple[Group, Notification | None]:
    """What is told of a group now, and the group once it is; `silenced` is by episode.

    Silenced alerts wait: who still fires when the silence ends is told of then. That something is over is told in a
    silence too, where people were told that it began, so that no page stays open. While a message about the group is
    still `waiting` to be delivered, that it goes on is not told again. What finds no room follows in the next message.
    """
    tellable = {episode: each for episode, each in group.members.items() if not silenced.get(episode, False)}
    fresh = {episode: each for episode, each in tellable.items() if not each.told}
    over = {episode: each for episode, each in group.members.items() if each.told and _is_over(each)}
    over |= {episode: each for episode, each in fresh.items() if _is_over(each)}
    if not channel.resolved:
        over = {}
    fires = {episode: each for episode, each in (fresh | tellable).items() if not _is_over(each)}
    news = bool(over) or any(not each.told for each in fires.values())
    again = not news and not waiting and _is_due_again(group, fires.values(), now)
    if not news and not again:
        return _rest(group, silenced, frozenset(), channel, now), None
    chosen = set(list(fires)[:MOST_MEMBERS])
    firing = {episode: each for episode, each in tellable.items() if episode in chosen}
    ended = dict(list(over.items())[:MOST_MEMBERS])
    message = Message(
        labels=group.labels,
        firing=tuple(each.alert for each in firing.values()),
        resolved=tuple(each.alert for each in ended.values()),
        again=again,
        others=len(fires) - len(firing) + len(over) - len(ended),
    )
    number = group.rounds + 1
    told = {
        episode: Member(alert=each.alert, told=each.told or episode in firing)
        for episode, each in group.members.items()
    }
    group = msgspec.structs.replace(group, told_at=now, rounds=number, members=told)
    rest = _rest(group, silenced, ended.keys(), channel, now)
    return rest, _notification(group, group_id, channel, message, number, now)


def _notification(
    group: Group, group_id: str, channel: Channel, message: Message, number: int, now: int
) -> Notification:
    states = sorted(
        [f"{episode_of(alert)} firing" for alert in message.firing]
        + [f"{episode_of(alert)} resolved" for alert in message.resolved]
    )
    written = msgspec.json.encode([channel.name, group_id, number, states])
    return Notification(
        notification_id=blake2b(written, digest_size=16, person=b"tracehub/notice").hexdigest(),
        channel=channel.name,
        group_id=group_id,
        number=number,
        state=Sending.WAITING,
        message=message,
        created_at=now,
        next_at=now,
        attempts=0,
        sent_at=None,
        error=None,
    )


def _rest(group: Group, silenced: Mapping[str, bool], ended: Set[str], channel: Channel, now: int) -> Group:
    """The group without what is over and will not be told any more, and when it is looked at again."""
    unheard = {episode for episode, each in group.members.items() if silenced.get(episode, False) and not each.told}
    members = {
        episode: each
        for episode, each in group.members.items()
        if not _is_over(each) or (channel.resolved and episode not in ended and episode not in unheard)
    }
    waits = any(not each.told or _is_over(each) for each in members.values())
    times = [(group.told_at or now) + _repeat_us(each) for each in members.values() if each.told]
    if waits:
        times.append(now + _LOOK_AGAIN)
    flush_at = min(times) if times else None
    if flush_at is not None and flush_at <= now:
        flush_at = now + _LOOK_AGAIN
    return msgspec.structs.replace(group, members=members, flush_at=flush_at)


def _when(group: Group, channel: Channel, now: int) -> int:
    if group.told_at is None:
        return now + channel.group_wait * _SECOND
    return max(now, group.told_at + channel.group_interval * _SECOND)


def _is_due_again(group: Group, firing: Collection[Member], now: int) -> bool:
    return bool(firing) and group.told_at is not None and now >= group.told_at + min(map(_repeat_us, firing))


def _repeat_us(member: Member) -> int:
    return member.alert.repeat_seconds * _SECOND


def _is_over(member: Member) -> bool:
    return member.alert.state is AlertState.RESOLVED
