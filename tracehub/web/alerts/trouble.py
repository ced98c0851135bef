"""What keeps people from being told: the banner of the pages of alerts."""

import msgspec
from sqlalchemy import Connection

from tracehub.model.notification import Sending
from tracehub.store import alert_channels, alert_notifications, alert_rules
from tracehub.web.alerts import places
from tracehub.web.pages.amounts import counted


class Trouble(msgspec.Struct, frozen=True):
    """One thing to mend, and where."""

    text: str
    href: str
    tone: str = "err"


def trouble_of(connection: Connection, now: int) -> tuple[Trouble, ...]:
    """Rules that cannot be judged, notifications that were given up in the last day, and that there is no channel."""
    given_up = alert_notifications.newest(connection, states=[Sending.GIVEN_UP], most=_MOST)
    given_up = tuple(each for each in given_up if each.created_at > now - _DAY)
    rules = alert_rules.every(connection)
    failing = sum(1 for row in rules if row.last_error and not row.paused)
    found = []
    if given_up:
        at_least = "at least " if len(given_up) == _MOST else ""
        text = f"Nobody was told: {at_least}{counted(len(given_up), 'notification')} given up in the last 24 hours."
        found.append(Trouble(text, f"{places.NOTIFICATIONS}?state={Sending.GIVEN_UP}"))
    if failing:
        found.append(Trouble(f"{counted(failing, 'rule')} cannot be judged as it should.", places.RULES))
    if rules and not alert_channels.every(connection):
        found.append(Trouble("There is no channel yet: nobody is told of anything.", places.CHANNELS, "warn"))
    return tuple(found)


_DAY = 86_400_000_000
_MOST = 20
