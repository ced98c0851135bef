"""What the page of silences shows."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.alerting.silencing import active, matches
from tracehub.model.alert import Alert, AlertState
from tracehub.model.silence import Silence
from tracehub.store import alert_silences, alerts
from tracehub.web.alerts import places
from tracehub.web.alerts.moments_typed import typed_minutes, typed_moment
from tracehub.web.alerts.muting import written
from tracehub.web.alerts.silence_form import DAYS
from tracehub.web.alerts.words import Word
from tracehub.web.pages.moments import Moment, ago, to_the_second
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

DONE = {
    "silenced": "The silence holds.",
    "changed": "The silence ends at another time now.",
    "ended": "The silence has ended.",
}
_STATES = {
    "active": Word("‖", "Holds", "warn", "Nobody is told of the alerts that it covers."),
    "waiting": Word("○", "Not now", "mute", "It holds later."),
    "ended": Word("✓", "Ended", "mute", "It is over."),
}
_MOST_COVERED = 8


class SilenceCard(msgspec.Struct, frozen=True, kw_only=True):
    """One silence. `covers` are the alerts that it keeps quiet now: names and addresses."""

    id: str
    address: str
    state: Word
    over: bool
    matchers: tuple[str, ...]
    begins: Moment | None
    ends: Moment | None
    weekly: str
    author: str
    comment: str
    created: Moment | None
    covers: tuple[tuple[str, str], ...]
    more: int
    typed_end: str
    problem: str


class SilencesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_silences.html."""

    section: str = "alerts"
    title: str = "Silences"
    tabs: tuple[Tab, ...]
    notice: str | None
    now: tuple[SilenceCard, ...]
    windows: tuple[SilenceCard, ...]
    ended: tuple[SilenceCard, ...]


def silences_page(
    connection: Connection, query: QueryParams, *, now: int, problem: tuple[str, str] | None = None
) -> SilencesPage:
    """Every silence; `problem` is what was wrong with changing the end of the one of this id."""
    firing = alerts.every(connection, (AlertState.FIRING, AlertState.PENDING))
    open_ones = alert_silences.ending_after(connection, now)
    over = alert_silences.ended(connection, now)

    def cards(found: Sequence[Silence]) -> tuple[SilenceCard, ...]:
        return tuple(_card(each, firing, now, problem) for each in found)

    return SilencesPage(
        tabs=places.tabs(places.SILENCES),
        notice=told(query, DONE),
        now=cards([each for each in open_ones if each.weekly is None]),
        windows=cards([each for each in open_ones if each.weekly is not None]),
        ended=cards(over),
    )


def _card(silence: Silence, firing: Sequence[Alert], now: int, problem: tuple[str, str] | None) -> SilenceCard:
    over = silence.ends_at is not None and silence.ends_at <= now
    holds = active(silence, now)
    covers = [alert for alert in firing if holds and matches(alert.labels, silence)]
    return SilenceCard(
        id=silence.silence_id,
        address=f"{places.SILENCES}/{silence.silence_id}",
        state=_STATES["ended" if over else "active" if holds else "waiting"],
        over=over,
        matchers=tuple(one_line(written(matcher), 300) for matcher in silence.matchers),
        begins=to_the_second(silence.begins_at),
        ends=to_the_second(silence.ends_at),
        weekly=_weekly(silence),
        author=one_line(silence.author, 100),
        comment=visible(silence.comment),
        created=ago(silence.created_at, now),
        covers=tuple(
            (one_line(alert.labels.get("alertname", alert.rule), 80), places.alert(alert.alert_id))
            for alert in covers[:_MOST_COVERED]
        ),
        more=max(len(covers) - _MOST_COVERED, 0),
        typed_end=typed_moment(silence.ends_at),
        problem=visible(problem[1]) if problem and problem[0] == silence.silence_id else "",
    )


def _weekly(silence: Silence) -> str:
    """`Monday, Tuesday 22:00 to 06:00, Europe/Berlin`; empty where it holds at all hours."""
    weekly = silence.weekly
    if weekly is None:
        return ""
    days = ", ".join(DAYS[day] for day in weekly.weekdays)
    return f"{days} {typed_minutes(weekly.begins)} to {typed_minutes(weekly.ends)}, {one_line(weekly.zone, 40)}"
