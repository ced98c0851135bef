"""What is told about alerts: the messages that wait, and those that were sent or given up."""

from enum import StrEnum

import msgspec

from tracehub.model.alert import Alert


class Sending(StrEnum):
    """How a notification stands."""

    WAITING = "waiting"
    RETRYING = "retrying"
    SENT = "sent"
    GIVEN_UP = "given_up"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One episode of an alert in a group of a channel, and whether people were told that it fires."""

    alert: Alert
    told: bool


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts that share a channel and the values of its labels.

    `flush_at` is when news of it is told next, None where there is none; `told_at` when people were last told (both
    microseconds since 1970 UTC); `rounds` counts its notifications. `members` are by episode.
    """

    channel: str
    labels: dict[str, str]
    flush_at: int | None
    told_at: int | None
    rounds: int
    members: dict[str, Member]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one notification tells: the alerts that fire, and those that are over.

    `again` says that nothing is new: it is repeated because it goes on. `others` are told of in messages to follow.
    """

    labels: dict[str, str]
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    again: bool
    others: int = 0


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one channel.

    `notification_id` (32 hex digits) follows from the channel, the group and what is told, so that a receiver knows a
    repeated delivery. `number` counts the group's notifications: they are sent in that order. `next_at` is when it is
    tried next. Times are microseconds since 1970 UTC.
    """

    notification_id: str
    channel: str
    group_id: str
    number: int
    state: Sending
    message: Message
    created_at: int
    next_at: int
    attempts: int
    sent_at: int | None
    error: str | None
