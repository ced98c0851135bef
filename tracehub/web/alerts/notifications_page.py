"""What the log of notifications shows."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.notification import Notification, Sending
from tracehub.store import alert_notifications
from tracehub.web.alerts import places
from tracehub.web.alerts.notification_lines import STATES, NotificationLine, line_of
from tracehub.web.alerts.trouble import Trouble, trouble_of
from tracehub.web.filters import BadQueryError
from tracehub.web.pages.notices import told
from tracehub.web.reports.report import Tab

DONE = {"again": "It is sent again."}


class NotificationsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_notifications.html."""

    section: str = "alerts"
    title: str = "Notifications"
    tabs: tuple[Tab, ...]
    notice: str | None
    trouble: tuple[Trouble, ...]
    states: tuple[Tab, ...]
    lines: tuple[NotificationLine, ...]
    filtered: bool
    older: str | None
    newest: str | None


def notifications_page(connection: Connection, query: QueryParams, *, now: int, limit: int) -> NotificationsPage:
    """The log, the newest first: `?state=` one of the states, `?channel=`, `?before=` microseconds."""
    state, channel, before = state_in(query), query.get("channel") or None, before_in(query)
    found = alert_notifications.newest(
        connection, states=[state] if state else [], channel=channel, before=before, most=limit + 1
    )
    shown = found[:limit]
    kept = {name: value for name, value in (("state", state), ("channel", channel)) if value}
    return NotificationsPage(
        tabs=places.tabs(places.NOTIFICATIONS),
        notice=told(query, DONE),
        trouble=trouble_of(connection, now),
        states=_states(state, channel),
        lines=tuple(line_of(each, now) for each in shown),
        filtered=bool(kept),
        older=_address(kept | {"before": str(shown[-1].created_at)}) if len(found) > limit else None,
        newest=_address(kept) if before is not None else None,
    )


def of_alert(connection: Connection, alert_id: str, now: int) -> tuple[NotificationLine, ...]:
    """Those of the newest notifications that tell of one alert."""
    found = alert_notifications.newest(connection, most=_MOST_READ)
    return tuple(line_of(each, now) for each in found if _tells_of(each, alert_id))[:_MOST_OF_ALERT]


_MOST_READ = 200
_MOST_OF_ALERT = 20


def _tells_of(notification: Notification, alert_id: str) -> bool:
    message = notification.message
    return any(alert.alert_id == alert_id for alert in (*message.firing, *message.resolved))


def _states(state: Sending | None, channel: str | None) -> tuple[Tab, ...]:
    kept = {"channel": channel} if channel else {}
    every = Tab("All", _address(kept), state is None)
    return (every, *(Tab(word.text, _address(kept | {"state": each}), each is state) for each, word in STATES.items()))


def state_in(query: QueryParams) -> Sending | None:
    """The state that is asked for; None for any."""
    word = query.get("state", "")
    if not word:
        return None
    try:
        return Sending(word)
    except ValueError:
        raise BadQueryError("state", f"one of {', '.join(Sending)}") from None


def before_in(query: QueryParams) -> int | None:
    """Before when (microseconds) the notifications were made that are asked for; None for any."""
    word = query.get("before", "")
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) < 18):
        raise BadQueryError("before", "microseconds since 1970")
    return int(word)


def _address(values: dict[str, str]) -> str:
    return f"{places.NOTIFICATIONS}?{urlencode(values)}" if values else places.NOTIFICATIONS
