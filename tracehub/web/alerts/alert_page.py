"""What the page of one alert shows."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.errors import NotFoundError
from tracehub.model.alert import Alert
from tracehub.model.rule import Rule
from tracehub.store import alert_history, alert_questions, alert_rules
from tracehub.web.alerts import places
from tracehub.web.alerts.alert_cards import AlertCard, card_of, scale_of
from tracehub.web.alerts.episodes import Episode, episodes_of, stretches
from tracehub.web.alerts.known import known_of
from tracehub.web.alerts.notification_lines import NotificationLine
from tracehub.web.alerts.notifications_page import of_alert
from tracehub.web.alerts.value_chart import Point, ValueChart, value_chart
from tracehub.web.alerts.values import Scale, in_unit
from tracehub.web.filters import BadQueryError
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.moments import Moment, to_the_second
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import visible
from tracehub.web.reports.report import Tab

_HOUR = 3_600_000_000
SPANS = {"24h": 24 * _HOUR, "7d": 7 * 24 * _HOUR, "30d": 30 * 24 * _HOUR}
_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
_DONE = {"muted": "“{name}” is silenced.", "unmuted": "The silence has ended."}
_MOST_EPISODES = 50


class EpisodeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One time that it fired."""

    began: Moment | None
    ended: Moment | None
    lasted: str
    highest: str
    threshold: str


class AlertPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert.html. `rule` is None where the rule is gone, `chart` where nothing was written down."""

    section: str = "alerts"
    title: str
    notice: str | None
    card: AlertCard
    rule: str | None
    spans: tuple[Tab, ...]
    chart: ValueChart | None
    episodes: tuple[EpisodeLine, ...]
    more: str
    evidence: tuple[str, ...]
    log: tuple[NotificationLine, ...]


def alert_page(connection: Connection, alert_id: str, query: QueryParams, *, now: int) -> AlertPage:
    """One alert and its last days (`?since=`); NotFoundError where there is no such alert."""
    alert = alert_questions.one(connection, alert_id)
    known, rule = known_of(connection, [alert], now), _rule(connection, alert.rule)
    span = query.get("since") or "24h"
    if span not in SPANS:
        raise BadQueryError("since", f"one of {', '.join(SPANS)}")
    history = alert_history.of_alert(connection, alert_id, now - SPANS[span], now)
    episodes, scale = episodes_of(history, alert), scale_of(alert, known)
    card = card_of(alert, now, known)
    chart = value_chart(
        f"{card.measure}, the last {_WORDS[span]}",
        [Point(point.at, point.value, point.threshold) for point in history],
        stretches(episodes, now),
        now - SPANS[span],
        now,
        scale,
        resolve=rule.resolve if rule else None,
    )
    return AlertPage(
        title=card.name,
        notice=told(query, _DONE),
        card=card,
        rule=card.rule if rule else None,
        spans=_spans(alert, span),
        chart=chart,
        episodes=tuple(_line(episode, scale, now) for episode in episodes[:_MOST_EPISODES]),
        more=f"and {len(episodes) - _MOST_EPISODES} more" if len(episodes) > _MOST_EPISODES else "",
        evidence=tuple(visible(text) for text in alert.evidence),
        log=of_alert(connection, alert_id, now),
    )


def _rule(connection: Connection, name: str) -> Rule | None:
    try:
        return alert_rules.one(connection, name).rule
    except NotFoundError:
        return None


def _spans(alert: Alert, span: str) -> tuple[Tab, ...]:
    here = places.alert(alert.alert_id)
    return tuple(
        Tab(words, here if word == "24h" else f"{here}?{urlencode({'since': word})}", word == span)
        for word, words in _WORDS.items()
    )


def _line(episode: Episode, scale: Scale, now: int) -> EpisodeLine:
    ended = episode.ended_at
    return EpisodeLine(
        began=to_the_second(episode.began_at),
        ended=to_the_second(ended),
        lasted=duration(between(episode.began_at, now if ended is None else ended)),
        highest=in_unit(episode.highest, scale),
        threshold=in_unit(episode.threshold, scale),
    )
