"""What keeps people from being told: the banner of the pages of alerts."""

import msgspec
from sqlalchemy import Connection

from tracehub.store import alert_rules
from tracehub.web.alerts import places
from tracehub.web.pages.amounts import counted


class Trouble(msgspec.Struct, frozen=True):
    """One thing to mend, and where."""

    text: str
    href: str


def trouble_of(connection: Connection, now: int) -> tuple[Trouble, ...]:
    """Rules that cannot be judged, and notifications that were given up in the last days."""
    failing = sum(1 for row in alert_rules.every(connection) if row.last_error and not row.paused)
    found = []
    if failing:
        found.append(Trouble(f"{counted(failing, 'rule')} cannot be judged as it should.", places.RULES))
    return tuple(found)
