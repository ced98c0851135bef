"""What the page of alerts shows."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.alert import Alert, AlertState
from tracehub.store import alerts
from tracehub.web.alerts import places
from tracehub.web.alerts.alert_cards import AlertCard, Known, card_of
from tracehub.web.alerts.known import known_of
from tracehub.web.alerts.rules_page import Suggestion
from tracehub.web.alerts.suggestions import suggestions
from tracehub.web.alerts.trouble import Trouble, trouble_of
from tracehub.web.alerts.words import URGENCY
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.moments import Moment, to_the_second
from tracehub.web.pages.notices import told as notice_told
from tracehub.web.reports.report import Tab

MOST = 60
_DONE = {"muted": "“{name}” is silenced.", "unmuted": "The silence has ended."}


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The alerts of one state; `more` says how many are left out, empty where none are."""

    key: str
    title: str
    cards: tuple[AlertCard, ...]
    total: int
    more: str


class AlertsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alerts.html. `groups` are those with alerts; `quiet` where nothing fires or is about to;
    `suggestions` are there as long as there is no rule."""

    section: str = "alerts"
    title: str
    tabs: tuple[Tab, ...]
    notice: str | None
    trouble: tuple[Trouble, ...]
    groups: tuple[Group, ...]
    summary: str
    quiet: bool
    suggestions: tuple[Suggestion, ...]
    as_of: Moment | None


def alerts_page(connection: Connection, query: QueryParams, *, now: int) -> AlertsPage:
    """Every alert as it stands, the most urgent first."""
    found = alerts.every(connection)
    known = known_of(connection, found, now)
    firing = [alert for alert in found if alert.state is AlertState.FIRING and alert.alert_id not in known.silences]
    pending = [alert for alert in found if alert.state is AlertState.PENDING and alert.alert_id not in known.silences]
    silenced = [a for a in found if a.state is not AlertState.RESOLVED and a.alert_id in known.silences]
    resolved = [alert for alert in found if alert.state is AlertState.RESOLVED]
    groups = (
        _group("firing", "Firing", sorted(firing, key=_urgency), now, known),
        _group("pending", "Pending", sorted(pending, key=_urgency), now, known),
        _group("silenced", "Silenced", sorted(silenced, key=_urgency), now, known),
        _group("resolved", "Resolved", sorted(resolved, key=lambda alert: -(alert.resolved_at or 0)), now, known),
    )
    return AlertsPage(
        title=f"{len(firing)} firing – Alerts" if firing else "Alerts",
        tabs=places.tabs(places.LIST),
        notice=notice_told(query, _DONE),
        trouble=trouble_of(connection, now),
        groups=tuple(group for group in groups if group.cards),
        summary=", ".join(f"{len(group)} {name}" for name, group in (("firing", firing), ("pending", pending))),
        quiet=not firing and not pending,
        suggestions=() if known.rules else suggestions(),
        as_of=to_the_second(now),
    )


def _group(key: str, title: str, found: Sequence[Alert], now: int, known: Known) -> Group:
    left = len(found) - MOST
    return Group(
        key=key,
        title=title,
        cards=tuple(card_of(alert, now, known) for alert in found[:MOST]),
        total=len(found),
        more=f"and {counted(left, 'more')}" if left > 0 else "",
    )


def _urgency(alert: Alert) -> tuple[int, int]:
    """The gravest first, of these the newest."""
    return URGENCY[alert.severity], -(alert.fired_at or alert.pending_at)
