"""The addresses of the pages of alerts, and the ways between them."""

from urllib.parse import urlsplit

import msgspec

from tracehub.web.reports.report import Tab

LIST = "/alerts"
RULES = "/alerts/rules"
CHANNELS = "/alerts/channels"
SILENCES = "/alerts/silences"
NOTIFICATIONS = "/alerts/notifications"
BUDGETS = "/alerts/budgets"
_PAGES = {
    "Alerts": LIST,
    "Rules": RULES,
    "Error budgets": BUDGETS,
    "Channels": CHANNELS,
    "Silences": SILENCES,
    "Notifications": NOTIFICATIONS,
}


class Outside(msgspec.Struct, frozen=True):
    """An address that a rule names: `href` only where a browser may follow it, `text` as it stands."""

    href: str | None
    text: str


def tabs(current: str) -> tuple[Tab, ...]:
    """One tab per page; `current` is an address."""
    return tuple(Tab(text, href, href == current) for text, href in _PAGES.items())


def alert(alert_id: str) -> str:
    """The page of an alert."""
    return f"{LIST}/{alert_id}"


def outside(address: str | None) -> Outside | None:
    """A link where it is one of the web; anything else stays text."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return Outside(None, address)
    is_web = parts.scheme in ("http", "https") and bool(parts.netloc)
    return Outside(address if is_web else None, address)
