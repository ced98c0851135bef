"""What a rule would have done: the same evaluation over stretches of the past, in memory."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from tracehub.alerting.evaluate import step_all
from tracehub.alerting.measures import Group, kinds_of
from tracehub.alerting.readings import DAY_US, readings
from tracehub.alerting.windows import STEP_US, SlotWindows, Windows
from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import NoData, Rule
from tracehub.model.tally import TURN
from tracehub.store import rollup_sums
from tracehub.store.rollup_sums import Only
from tracehub.store.rollups import FIVE_MINUTES
from tracehub.store.schema import DEFAULT_PROJECT

_SECOND = 1_000_000
MOST_SERIES = 8
_NOT_KEPT = "Only what {} says now is known, not what it said before, so there is no preview."


class Point(msgspec.Struct, frozen=True):
    """What was read for the window that ends `at` (microseconds); a value of None is no data."""

    at: int
    value: float | None
    threshold: float | None
    samples: int


class Series(msgspec.Struct, frozen=True):
    """The points of one group, by its labels, oldest first; where a group was not heard of it has none."""

    group: dict[str, str]
    points: tuple[Point, ...]


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when an alert of a group would have fired (microseconds); `until` is None where it still does."""

    group: dict[str, str]
    pending_at: int
    since: int
    until: int | None
    worst: float | None


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done from `since` to `until` (microseconds), evaluated every five minutes.

    `episodes` are all, in order; `series` those of at most MOST_SERIES groups, which fired or called most; `groups` how
    many there were. `note` says why there is none.
    """

    since: int
    until: int
    groups: int
    series: tuple[Series, ...] = ()
    episodes: tuple[Episode, ...] = ()
    note: str | None = None

    @property
    def text(self) -> str:
        """Such as `would have fired 3 times`."""
        times = len(self.episodes)
        if self.note:
            return self.note
        return f"would have fired {'once' if times == 1 else f'{times} times' if times else 'never'}"


def preview(connection: Connection, rule: Rule, since: int, until: int, *, project: str = DEFAULT_PROJECT) -> Preview:
    """What the rule would have done from `since` to `until`, had it been there; of what is added up."""
    since, until = -(-since // STEP_US) * STEP_US, until // STEP_US * STEP_US
    if rule.about.gauge:
        note = _NOT_KEPT.format("a source" if rule.about.of == "sources" else "a destination")
        return Preview(since=since, until=until, groups=0, note=note)
    return played(rule, _loaded(connection, rule, since - lookback(rule), until, project), since, until)


def played(rule: Rule, windows: Windows, since: int, until: int) -> Preview:
    """The same over windows that are given."""
    points: defaultdict[Group, list[Point]] = defaultdict(list)
    called: Counter[Group] = Counter()
    alerts: dict[str, Alert] = {}
    running: dict[str, Alert] = {}
    worst: dict[str, float | None] = {}
    episodes: list[Episode] = []
    for at in range(since, until + 1, STEP_US):
        found = readings(rule, windows, at)
        for group, reading in found.items():
            points[group].append(Point(at, reading.value, reading.threshold, reading.samples))
            called[group] += reading.samples
        for alert_id, alert in step_all(rule, alerts, found, at).items():
            if alert is None:
                del alerts[alert_id]
                continue
            alerts[alert_id] = alert
            if alert.state is AlertState.FIRING:
                running[alert_id] = alert
                worst[alert_id] = _worse(rule, worst.get(alert_id), alert.value)
            elif alert_id in running:
                episodes.append(_episode(rule, running.pop(alert_id), alert.resolved_at, worst.pop(alert_id)))
    episodes += [_episode(rule, alert, None, worst[alert_id]) for alert_id, alert in running.items()]
    fired = Counter(tuple(episode.group.items()) for episode in episodes)
    shown = sorted(points, key=lambda group: (-fired[group], -called[group], group))[:MOST_SERIES]
    return Preview(
        since=since,
        until=until,
        groups=len(points),
        series=tuple(Series(dict(group), tuple(points[group])) for group in shown),
        episodes=tuple(sorted(episodes, key=lambda episode: episode.since)),
    )


def lookback(rule: Rule) -> int:
    """How far before its end (microseconds) a rule looks."""
    seconds = rule.window
    if rule.burn_rate:
        seconds = max(pair.long for pair in rule.burn_rate.pairs)
    for compared in (rule.baseline, rule.new_version):
        if compared:
            seconds += compared.days * 86_400
    heard_of = DAY_US if rule.no_data is NoData.FIRE else 0
    # Versions are known by the hour.
    return max(seconds * _SECOND, heard_of) + 3600 * _SECOND


def _loaded(connection: Connection, rule: Rule, since: int, until: int, project: str) -> SlotWindows:
    kinds = list(kinds_of(rule.measure))
    filter = rule.filter
    names = filter.tools or filter.models or filter.knowledge_bases
    only = Only(names=names, agents=filter.agents, aliases=filter.aliases, versions=filter.versions)
    timed = rule.about.percentile
    slots = rollup_sums.by_slot(connection, kinds, FIVE_MINUTES, since, until, timed=timed, only=only, project=project)
    if (rule.baseline or rule.new_version) and TURN not in kinds:
        only = Only(agents=filter.agents, aliases=filter.aliases)
        slots += rollup_sums.by_slot(
            connection, [TURN], FIVE_MINUTES, since, until, timed=False, only=only, project=project
        )
    return SlotWindows(slots)


def _worse(rule: Rule, worst: float | None, value: float | None) -> float | None:
    if worst is None or value is None:
        return value if worst is None else worst
    return min(worst, value) if rule.below is not None else max(worst, value)


def _episode(rule: Rule, alert: Alert, until: int | None, worst: float | None) -> Episode:
    names: Mapping[str, str] = alert.labels
    kept = {name: text for name, text in names.items() if name not in ("alertname", "severity", *rule.labels)}
    assert alert.fired_at is not None
    return Episode(group=kept, pending_at=alert.pending_at, since=alert.fired_at, until=until, worst=worst)
