"""Evaluates all rules, one process at a time: reads outside of the transaction that writes what follows.

A rule is evaluated for windows that end on bounds of five minutes, each once, in order, when `delay` has passed since
and what was stored is added up. What a process missed is caught up, for the last hours. Where events come later than
that, the windows they lie in are evaluated again for groups that did not fire then.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog
from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tracehub.alerting.evaluate import alert_id_of, ended, group_of, step, step_all
from tracehub.alerting.evidence import evidence_of
from tracehub.alerting.measures import Group
from tracehub.alerting.readings import Gauges, Reading, readings
from tracehub.alerting.windows import STEP_US, SharedWindows
from tracehub.errors import TracehubError
from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import Rule, RuleRow
from tracehub.store import alert_history, alert_rules, alerts, late_turns, leases, rollup_sums, rollups
from tracehub.store.database import Database
from tracehub.store.dialect import now as database_now
from tracehub.store.schema import DEFAULT_PROJECT

_log = structlog.get_logger(__name__)

LEASE = "alerting"
_SECOND = 1_000_000
_HOUR_US = 3600 * _SECOND
CATCH_UP_US = 6 * _HOUR_US
LATE_US = 6 * _HOUR_US
# Of longer windows late events are a small part, and most lie in the newest one still.
_LATE_WINDOW_SECONDS = 3600
# A stretch that is written all the time is never quite added up: evaluation does not wait for longer than that.
_REFRESHES = 3
KEEP_RESOLVED_US = 7 * 24 * _HOUR_US
KEEP_HISTORY_US = 90 * 24 * _HOUR_US


class After(Protocol):
    """Called in the transaction that writes the alerts, with those whose state has changed; nothing of it is kept
    where it raises. Called at every evaluation, so that it can plan repetitions too."""

    def __call__(self, connection: Connection, changed: Sequence[Alert], now: int) -> None: ...


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """What a round did: how many windows of rules it evaluated, and which alerts changed their state, in order."""

    windows: int
    changed: tuple[Alert, ...]


NOTHING = Evaluated(windows=0, changed=())
Gauging = Callable[[Connection, int], Gauges]


class Evaluator:
    """Evaluates what is due whenever it is told the time; `owner` names this process among those that could."""

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        after: After,
        gauging: Gauging,
        lease_seconds: float = 60,
        project: str = DEFAULT_PROJECT,
    ) -> None:
        self._database = database
        self._owner = owner
        self._after = after
        self._gauging = gauging
        self._lease_seconds = lease_seconds
        self._project = project
        self._late_since: int | None = None
        self._token: int | None = None

    def run(self, now: int) -> Evaluated:
        """Evaluates all that is due `now` (microseconds since 1970 UTC).

        NOTHING where nothing is due or another process holds the lease. LeaseLostError where another took over
        meanwhile: what was written until then stands.
        """
        with self._database.reading() as connection:
            rows = alert_rules.every(connection, project=self._project)
            known = alerts.every(connection, project=self._project)
        due = _due(rows, now)
        gone = _without_rule(rows, known)
        if not due and not gone:
            return NOTHING
        with self._database.writing() as connection:
            token = leases.take(connection, LEASE, self._owner, self._lease_seconds, project=self._project)
        self._token = token
        if token is None:
            return NOTHING
        self._add_up()
        # Another process may have evaluated since the rules were read, but not since the lease was taken.
        with self._database.reading() as connection:
            rows = alert_rules.every(connection, project=self._project)
        round = _Round(self._database, self._after, self._gauging, self._project, token, self._lease_seconds, now)
        round.end(rows)
        for at, rules in sorted(_due(rows, now).items()):
            round.evaluate(at, rules)
        self._late(round, rows, now)
        return Evaluated(windows=round.windows, changed=tuple(round.changed))

    def close(self) -> None:
        """Lets another process evaluate at once."""
        if self._token is not None:
            with self._database.writing() as connection:
                leases.release(connection, LEASE, self._token, project=self._project)
            self._token = None

    def _add_up(self) -> None:
        """What was stored shortly before is in the rollups when they are read."""
        for _ in range(_REFRESHES):
            with self._database.writing() as connection:
                if not rollups.refresh(connection, project=self._project):
                    return

    def _late(self, round: "_Round", rows: Sequence[RuleRow], now: int) -> None:
        """Evaluates again what was written since the last round into windows that were evaluated before."""
        with self._database.reading() as connection:
            clock = database_now(connection)
            evaluated = [row.last_evaluated_at for row in rows if row.last_evaluated_at is not None]
            since = self._late_since if self._late_since is not None else min(evaluated, default=now)
            slots = late_turns.written_slots(
                connection, since, now - LATE_US, max(evaluated, default=0), STEP_US, project=self._project
            )
        if slots:
            round.evaluate_late(slots, rows)
        self._late_since = clock - 2 * _SECOND


class _Round:
    """One round under one lease."""

    def __init__(
        self,
        database: Database,
        after: After,
        gauging: Gauging,
        project: str,
        token: int,
        lease_seconds: float,
        now: int,
    ) -> None:
        self._database = database
        self._after = after
        self._gauging = gauging
        self._project = project
        self._token = token
        self._lease_seconds = lease_seconds
        self._now = now
        self.windows = 0
        self.changed: list[Alert] = []

    def evaluate(self, at: int, due: Sequence["_Due"]) -> None:
        """Evaluates these rules for windows that end `at`."""
        outcomes: list[tuple[str, int, str | None]] = []
        after: dict[str, Alert | None] = {}
        with self._database.reading() as connection:
            before = self._before(connection)
            windows = SharedWindows(connection, project=self._project)
            wanted = any(each.rule.about.gauge for each in due)
            gauges = self._gauging(connection, at) if wanted else Gauges()
            waiting = rollup_sums.marked(connection, at - _HOUR_US, at, project=self._project)
            for each in due:
                error = each.missed
                try:
                    found = readings(each.rule, windows, at, gauges)
                except (DBAPIError, TracehubError):
                    raise
                except Exception as failure:  # one rule must not keep the others from being evaluated
                    _log.exception("a rule could not be evaluated", rule=each.rule.name)
                    outcomes.append((each.rule.name, at, f"it could not be evaluated: {failure}"[:300]))
                    continue
                previous = before.get(each.rule.name, {})
                stepped = step_all(each.rule, previous, found, at)
                after |= self._with_evidence(connection, each.rule, previous, stepped)
                outcomes.append((each.rule.name, at, error))
        if waiting:
            _log.info("evaluated before all was added up", at=at, waiting=waiting)
        self.windows += len(due)
        everything = {alert_id: alert for of_rule in before.values() for alert_id, alert in of_rule.items()}
        self._write(everything, after, outcomes)

    def end(self, rows: Sequence[RuleRow]) -> None:
        """Ends the alerts of rules that are gone or stopped, and forgets those that nobody asks for any more."""
        with self._database.reading() as connection:
            known = alerts.every(connection, project=self._project)
        at = self._now - self._now % STEP_US
        before = {alert.alert_id: alert for alert in known}
        after: dict[str, Alert | None] = {}
        active, there = {row.rule.name for row in rows if not row.paused}, {row.rule.name for row in rows}
        for alert in known:
            if alert.rule not in active:
                why = "the rule was paused" if alert.rule in there else "the rule was removed"
                after[alert.alert_id] = ended(alert, max(at, alert.evaluated_at), why)
            if alert.resolved_at is not None and alert.resolved_at < self._now - KEEP_RESOLVED_US:
                after[alert.alert_id] = None
        if any(before[alert_id] != alert for alert_id, alert in after.items()):
            self._write(before, after, [])

    def evaluate_late(self, slots: Sequence[int], rows: Sequence[RuleRow]) -> None:
        """Evaluates the windows that hold these stretches again, for groups that were quiet then and are now."""
        episodes: list[Alert] = []
        with self._database.reading() as connection:
            before = self._before(connection)
            by_tick: dict[int, SharedWindows] = {}
            for row in rows:
                last = row.last_evaluated_at
                rule = row.rule
                if last is None or row.paused or rule.about.gauge or rule.window > _LATE_WINDOW_SECONDS:
                    continue
                ticks = _ticks_over(slots, rule, last, row.created_at)
                if not ticks:
                    continue
                told = alert_history.fired_between(connection, ticks[0], last, project=self._project)
                episodes += self._replayed(connection, rule, ticks, last, before.get(rule.name, {}), told, by_tick)
        for alert in sorted(episodes, key=lambda alert: alert.evaluated_at):
            with self._database.writing() as connection:
                self._check(connection)
                alerts.save(connection, [alert], project=self._project)
                alert_history.add(connection, [alert], project=self._project)
                self._after(connection, [alert], self._now)
            self.changed.append(alert)

    def _replayed(
        self,
        connection: Connection,
        rule: Rule,
        ticks: Sequence[int],
        last: int,
        before: Mapping[str, Alert],
        told: frozenset[str],
        by_tick: dict[int, SharedWindows],
    ) -> list[Alert]:
        """The states in which somebody has to be told of a group: that it fired, and that it was over."""
        states: dict[Group, Alert | None] = {}
        found: list[Alert] = []
        wanted = frozenset(ticks)
        for at in range(ticks[0], last + 1, STEP_US):
            goes_on = any(alert and alert.state is not AlertState.RESOLVED for alert in states.values())
            if at not in wanted and not goes_on:
                continue
            windows = by_tick.setdefault(at, SharedWindows(connection, project=self._project))
            read = readings(rule, windows, at)
            self.windows += 1
            for group in {*read, *states}:
                alert_id = alert_id_of(rule.name, group)
                now = before.get(alert_id)
                if alert_id in told or (now and (now.resolved_at is None or now.resolved_at >= ticks[0])):
                    continue
                was = states.get(group)
                states[group] = step(rule, group, was, read.get(group), at)
                changed = _changed(was, states[group])
                if changed and changed.state is not AlertState.PENDING:
                    states[group] = told_now = self._evident(connection, rule, changed)
                    found.append(told_now)
        return found

    def _before(self, connection: Connection) -> dict[str, dict[str, Alert]]:
        found: defaultdict[str, dict[str, Alert]] = defaultdict(dict)
        for alert in alerts.every(connection, project=self._project):
            found[alert.rule][alert.alert_id] = alert
        return found

    def _with_evidence(
        self, connection: Connection, rule: Rule, before: Mapping[str, Alert], after: Mapping[str, Alert | None]
    ) -> dict[str, Alert | None]:
        found: dict[str, Alert | None] = {}
        for alert_id, alert in after.items():
            changed = _changed(before.get(alert_id), alert)
            fires = changed is not None and changed.state is AlertState.FIRING
            found[alert_id] = self._evident(connection, rule, alert) if alert and fires else alert
        return found

    def _evident(self, connection: Connection, rule: Rule, alert: Alert) -> Alert:
        if alert.state is not AlertState.FIRING:
            return alert
        group = dict(group_of(rule, alert) or ())
        evidence = evidence_of(connection, rule, group, alert.window_from, alert.window_until, project=self._project)
        return replace(alert, evidence=evidence)

    def _write(
        self,
        before: Mapping[str, Alert],
        after: Mapping[str, Alert | None],
        outcomes: Iterable[tuple[str, int, str | None]],
    ) -> None:
        gone = [alert_id for alert_id, alert in after.items() if alert is None and alert_id in before]
        kept = [alert for alert_id, alert in after.items() if alert is not None and alert != before.get(alert_id)]
        changed = [alert for alert in kept if _changed(before.get(alert.alert_id), alert)]
        with self._database.writing() as connection:
            self._check(connection)
            if gone:
                alerts.remove(connection, gone, project=self._project)
            alerts.save(connection, kept, project=self._project)
            alert_history.add(connection, kept, project=self._project)
            alert_rules.evaluated(connection, outcomes, project=self._project)
            alert_history.forget(connection, self._now - KEEP_HISTORY_US, project=self._project)
            self._after(connection, changed, self._now)
        self.changed += changed

    def _check(self, connection: Connection) -> None:
        """LeaseLostError where another process evaluates now."""
        leases.check(connection, LEASE, self._token, project=self._project)
        leases.renew(connection, LEASE, self._token, self._lease_seconds, project=self._project)


class _Due(msgspec.Struct, frozen=True):
    rule: Rule
    missed: str | None


def _due(rows: Sequence[RuleRow], now: int) -> dict[int, list[_Due]]:
    """Which rules are to be evaluated for windows that end when. A new rule begins with the newest."""
    found: defaultdict[int, list[_Due]] = defaultdict(list)
    for row in rows:
        if row.paused:
            continue
        settled = now - row.rule.settled * _SECOND
        newest = settled - settled % STEP_US
        last = row.last_evaluated_at
        first = newest if last is None or row.rule.about.gauge else last + STEP_US
        missed = None
        if last is not None and first < newest - CATCH_UP_US:
            first = newest - CATCH_UP_US
            missed = f"not evaluated for {(first - last) // _HOUR_US} hours, while no tracehub was running"
        if last is not None and newest <= last:
            continue
        for at in range(first, newest + 1, STEP_US):
            found[at].append(_Due(row.rule, missed))
    return found


def _without_rule(rows: Sequence[RuleRow], known: Sequence[Alert]) -> list[Alert]:
    active = {row.rule.name for row in rows if not row.paused}
    return [alert for alert in known if alert.rule not in active and alert.state is not AlertState.RESOLVED]


def _changed(before: Alert | None, after: Alert | None) -> Alert | None:
    """The alert where its state is another one than before, or the same of a newer episode."""
    if after is None or (before and before.state is after.state and before.pending_at == after.pending_at):
        return None
    return after


def _ticks_over(slots: Iterable[int], rule: Rule, last: int, created_at: int) -> list[int]:
    """The ends of evaluated windows that hold one of these stretches, and of those that `for` asks for behind them."""
    lasting = -(-rule.for_ * _SECOND // STEP_US) * STEP_US
    ticks: set[int] = set()
    for slot in slots:
        until = slot + rule.window * _SECOND + lasting
        ticks.update(range(slot + STEP_US, min(until, last) + 1, STEP_US))
    return sorted(tick for tick in ticks if tick >= created_at)


__all__ = ["LEASE", "NOTHING", "After", "Evaluated", "Evaluator", "Gauging", "Reading"]
