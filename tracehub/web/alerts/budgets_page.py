"""What the page of error budgets shows."""

from collections import defaultdict
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection

from tracehub.alerting.budget import Budget, budget
from tracehub.alerting.measures import Group, amounts, kinds_of
from tracehub.model.measure import Unit
from tracehub.model.rule import Rule
from tracehub.model.rule_amounts import duration_words
from tracehub.store import alert_rules, rollup_sums
from tracehub.store.rollups import MINUTE_US
from tracehub.web.alerts import places
from tracehub.web.alerts.alert_cards import labels_of
from tracehub.web.alerts.value_chart import Point, ValueChart, value_chart
from tracehub.web.alerts.values import in_unit, plain
from tracehub.web.alerts.words import Word
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import count, counted
from tracehub.web.pages.durations import UNKNOWN
from tracehub.web.pages.moments import Moment, to_the_second
from tracehub.web.pages.visible import one_line
from tracehub.web.reports.report import Tab

_MOST_GROUPS = 12
# As long as the rollups that are read for the charts.
_GRAIN = 360
_STATES = {
    "gone": Word("✕", "Gone", "err", "More has failed than may."),
    "burning": Word("◆", "Burning too fast", "warn", "At this speed it is gone before its period is over."),
    "fine": Word("✓", "Lasts", "ok", "At this speed it lasts for its period."),
    "unknown": Word("○", "No calls", "mute", "Nothing was called in this period."),
}


class BudgetCard(msgspec.Struct, frozen=True, kw_only=True):
    """The budget of one group. `spent_width` is per cent of a bar, at most 100."""

    labels: tuple[tuple[str, str], ...]
    state: Word
    objective: str
    spent: str
    spent_width: str
    left: str
    failed: str
    calls: str
    burning: str
    burning_over: str
    gone_at: Moment | None
    chart: ValueChart | None


class BudgetRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with a budget, and the groups that it has one for."""

    id: str
    name: str
    address: str
    says: str
    cards: tuple[BudgetCard, ...]
    more: str


class BudgetsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_budgets.html."""

    section: str = "alerts"
    title: str = "Error budgets"
    tabs: tuple[Tab, ...]
    rules: tuple[BudgetRule, ...]


def budgets_page(connection: Connection, *, now: int) -> BudgetsPage:
    """The budgets of all rules that have one."""
    rows = [row for row in alert_rules.every(connection) if row.rule.burn_rate]
    return BudgetsPage(tabs=places.tabs(places.BUDGETS), rules=tuple(_rule(connection, row.rule, now) for row in rows))


def anchor_of(name: str) -> str:
    """Where the budgets of a rule stand on the page."""
    return f"b-{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}"


def _rule(connection: Connection, rule: Rule, now: int) -> BudgetRule:
    assert rule.burn_rate is not None
    found = budget(connection, rule, now)
    past = _past(connection, rule, found[0].since, found[0].until) if found else {}
    left = len(found) - _MOST_GROUPS
    return BudgetRule(
        id=anchor_of(rule.name),
        name=one_line(rule.name, 100),
        address=addresses.alert_rule(rule.name),
        says=f"{rule.about.title}: {in_unit(rule.burn_rate.objective, Unit.SHARE)} good over "
        f"{duration_words(rule.burn_rate.period)}",
        cards=tuple(_card(each, past.get(tuple(each.group.items()), [])) for each in found[:_MOST_GROUPS]),
        more=f"and {counted(left, 'group')} more, with more left" if left > 0 else "",
    )


def _past(connection: Connection, rule: Rule, since: int, until: int) -> dict[Group, list[tuple[int, int]]]:
    """How much was bad in each stretch of the period, by group: the end of the stretch and a count."""
    length = _GRAIN * MINUTE_US
    slots = rollup_sums.by_slot(connection, kinds_of(rule.measure), _GRAIN, since - since % length, until, timed=False)
    by_begin = defaultdict(list)
    for began_at, caller, tally in slots:
        by_begin[began_at].append((caller, tally))
    found: dict[Group, list[tuple[int, int]]] = defaultdict(list)
    for began_at, called in sorted(by_begin.items()):
        for group, amount in amounts(rule, rule.group_by, called).items():
            found[group].append((min(began_at + length, until), amount.part))
    return found


def _card(found: Budget, past: list[tuple[int, int]]) -> BudgetCard:
    spent = None if found.spent is None else min(found.spent, 1.0)
    return BudgetCard(
        labels=labels_of(found.group),
        state=_STATES[_state(found)],
        objective=in_unit(found.objective, Unit.SHARE),
        spent=in_unit(found.spent, Unit.SHARE),
        spent_width=f"{100 * (spent or 0.0):.1f}",
        left=in_unit(found.left, Unit.SHARE),
        failed=f"{count(found.bad)} of {plain(found.allowed)} allowed" if found.calls else UNKNOWN,
        calls=count(found.calls),
        burning=in_unit(found.burning, "times"),
        burning_over=duration_words(found.burning_seconds),
        gone_at=to_the_second(found.exhausted_at),
        chart=_chart(found, past),
    )


def _state(found: Budget) -> str:
    if found.left is None:
        return "unknown"
    if found.left <= 0:
        return "gone"
    return "burning" if found.exhausted_at is not None else "fine"


def _chart(found: Budget, past: list[tuple[int, int]]) -> ValueChart | None:
    """What was left of the whole period's budget, as it was spent."""
    if not found.allowed:
        return None
    points, bad = [Point(found.since, 1.0, None)], 0
    for at, more in past:
        bad += more
        points.append(Point(at, max(1 - bad / found.allowed, 0.0), None))
    points.append(Point(found.until, points[-1].value, None))
    return value_chart("Budget left", points, (), found.since, found.until, Unit.SHARE, always=True)
