"""What a rule would have done in the last days, as its form and its page show it."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from tracehub.alerting import preview as past
from tracehub.model.rule import Rule
from tracehub.web.alerts.alert_cards import labels_of
from tracehub.web.alerts.alert_page import EpisodeLine
from tracehub.web.alerts.value_chart import Point, ValueChart, value_chart
from tracehub.web.alerts.values import Scale, in_unit
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.moments import to_the_second

DAYS = 7
_DAY = 86_400_000_000
_MOST_EPISODES = 20
# Groups that never fired are shown to compare with.
_MOST_QUIET = 3
_WORTH_SAYING = 2


class PreviewOfGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that there would have been, or one group that would have had none. `more` says how many times it fired
    besides those listed."""

    labels: tuple[tuple[str, str], ...]
    chart: ValueChart | None
    episodes: tuple[EpisodeLine, ...]
    more: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """`said` is the answer in one sentence; `groups` those that fired most often first, `more` says how many are left
    out."""

    said: str
    fired: bool
    groups: tuple[PreviewOfGroup, ...]
    more: str
    note: str


def preview_of(connection: Connection, rule: Rule, now: int) -> Preview:
    """What the rule would have done in the last DAYS."""
    found = past.preview(connection, rule, now - DAYS * _DAY, now)
    if found.note:
        return Preview(said="No preview", fired=False, groups=(), more="", note=found.note)
    fired = {tuple(episode.group.items()) for episode in found.episodes}
    quiet = [series for series in found.series if tuple(series.group.items()) not in fired]
    shown = [series for series in found.series if series not in quiet[_MOST_QUIET:]]
    left = found.groups - len(shown)
    return Preview(
        said=f"{_said(found)} in the last {DAYS} days",
        fired=bool(found.episodes),
        groups=tuple(_group(rule, series, found) for series in shown),
        more=f"and {counted(left, 'group')} more, which fired no more often" if left > 0 else "",
        note=_note(rule) if found.series else "Nothing of what it measures was seen in that time.",
    )


def _note(rule: Rule) -> str:
    if rule.min_samples < _WORTH_SAYING:
        return ""
    return (
        f"Faint where fewer than {rule.min_samples} {rule.about.of} stand behind a point: nothing is concluded there."
    )


def _said(found: past.Preview) -> str:
    return found.text.capitalize() if found.episodes else "Would not have fired"


def _group(rule: Rule, series: past.Series, found: past.Preview) -> PreviewOfGroup:
    scale: Scale = "times" if rule.burn_rate else rule.about.unit
    own = [episode for episode in found.episodes if _same(episode.group, series.group)]
    chart = value_chart(
        rule.about.title,
        [Point(point.at, point.value, point.threshold, point.samples < rule.min_samples) for point in series.points],
        [(episode.since, found.until if episode.until is None else episode.until) for episode in own],
        found.since,
        found.until,
        scale,
        resolve=rule.resolve,
        wanders=rule.baseline is not None or rule.burn_rate is not None,
    )
    left = len(own) - _MOST_EPISODES
    return PreviewOfGroup(
        labels=labels_of(series.group),
        chart=chart,
        episodes=tuple(_line(episode, series.points, scale, found.until) for episode in own[:_MOST_EPISODES]),
        more=f"and {counted(left, 'time')} more" if left > 0 else "",
    )


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return dict(one) == dict(other)


def _line(episode: past.Episode, points: Sequence[past.Point], scale: Scale, until: int) -> EpisodeLine:
    threshold = next((point.threshold for point in points if point.at >= episode.since), None)
    return EpisodeLine(
        began=to_the_second(episode.since),
        ended=to_the_second(episode.until),
        lasted=duration(between(episode.since, until if episode.until is None else episode.until)),
        highest=in_unit(episode.worst, scale),
        threshold=in_unit(threshold, scale),
    )
