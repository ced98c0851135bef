"""One notification as the log and the page of an alert show it."""

import msgspec

from tracehub.model.notification import Message, Notification, Sending
from tracehub.web.alerts import places
from tracehub.web.alerts.words import Word
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.moments import Moment, ago, to_the_second
from tracehub.web.pages.visible import one_line, visible

STATES = {
    Sending.SENT: Word("✓", "Sent", "ok", "The channel has taken it."),
    Sending.WAITING: Word("◌", "Waiting", "info", "It is sent as soon as it is due."),
    Sending.RETRYING: Word("◐", "Retrying", "warn", "It could not be delivered yet, and is tried again by itself."),
    Sending.GIVEN_UP: Word("✕", "Given up", "err", "Nobody was told: it is not tried any more."),
}
_MOST_NAMED = 6


class NotificationLine(msgspec.Struct, frozen=True, kw_only=True):
    """One notification. `alerts` are names, addresses and whether each was over; `again` leads to sending it once more
    where it was given up."""

    id: str
    state: Word
    channel: str
    channel_href: str
    says: str
    alerts: tuple[tuple[str, str, bool], ...]
    more: int
    made: Moment | None
    sent: Moment | None
    next: Moment | None
    attempts: str
    error: str
    again: str | None


def line_of(notification: Notification, now: int) -> NotificationLine:
    """The notification as it stands."""
    message = notification.message
    told = [(alert, False) for alert in message.firing] + [(alert, True) for alert in message.resolved]
    still_open = notification.state in (Sending.WAITING, Sending.RETRYING)
    given_up = notification.state is Sending.GIVEN_UP
    return NotificationLine(
        id=notification.notification_id,
        state=STATES[notification.state],
        channel=one_line(notification.channel, 100),
        channel_href=addresses.alert_channel(notification.channel),
        says=_says(message),
        alerts=tuple(
            (_named(alert.labels, alert.rule), places.alert(alert.alert_id), over) for alert, over in told[:_MOST_NAMED]
        ),
        more=max(len(told) - _MOST_NAMED, 0),
        made=ago(notification.created_at, now),
        sent=ago(notification.sent_at, now),
        next=to_the_second(notification.next_at) if still_open else None,
        attempts=counted(notification.attempts, "try", "tries"),
        error=visible(notification.error or ""),
        again=f"{places.NOTIFICATIONS}/{notification.notification_id}/again" if given_up else None,
    )


def _says(message: Message) -> str:
    """`2 firing, 1 resolved`, and whether it only repeats that."""
    parts = [
        f"{len(found)} {word}" for found, word in ((message.firing, "firing"), (message.resolved, "resolved")) if found
    ]
    return f"{', '.join(parts) or 'a test'}{', again' if message.again else ''}"


def _named(labels: dict[str, str], rule: str) -> str:
    """The alert's name and what tells it from others of its rule."""
    others = [value for name, value in sorted(labels.items()) if name not in ("alertname", "severity")]
    return one_line(" · ".join([labels.get("alertname", rule), *others]), 120)
