"""What the pages of rules show: all of them, and one."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.alerting.rule_files import write_rules
from tracehub.model.alert import AlertState
from tracehub.model.rule import Rule, RuleRow
from tracehub.model.rule_amounts import duration_words
from tracehub.store import alert_rules, alerts
from tracehub.web.alerts import places
from tracehub.web.alerts.alert_cards import AlertCard, card_of
from tracehub.web.alerts.budgets_page import anchor_of
from tracehub.web.alerts.known import known_of
from tracehub.web.alerts.rule_preview import Preview
from tracehub.web.alerts.trouble import Trouble, trouble_of
from tracehub.web.alerts.values import Scale, in_unit
from tracehub.web.alerts.words import SEVERITIES, Word
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

DONE = {
    "added": "“{name}” was added. It is judged within a minute.",
    "changed": "“{name}” was changed.",
    "paused": "“{name}” is paused.",
    "resumed": "“{name}” is judged again.",
    "removed": "“{name}” was removed. Its alerts end.",
}
_DECLARED = {"file": "declared in a file", "ui": "declared here"}


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `says` is its condition in words; addresses are None for what cannot be done with it."""

    name: str
    address: str
    severity: Word
    says: str
    groups: str
    declared: str
    paused: bool
    firing: int
    pending: int
    judged: Moment | None
    error: str | None
    edit: str | None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is offered where there is none yet; `look` leads to the form filled in with it."""

    name: str
    says: str
    groups: str
    look: str


class RulesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_rules.html."""

    section: str = "alerts"
    title: str = "Alert rules"
    tabs: tuple[Tab, ...]
    notice: str | None
    trouble: tuple[Trouble, ...]
    rules: tuple[RuleLine, ...]
    summary: str
    suggestions: tuple[Suggestion, ...]


class RulePage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_rule.html."""

    section: str = "alerts"
    title: str
    notice: str | None
    line: RuleLine
    yaml: str
    runbook: places.Outside | None
    alerts: tuple[AlertCard, ...]
    preview: Preview | None
    budget: str | None


def rules_page(connection: Connection, query: QueryParams, suggested: tuple[Suggestion, ...], *, now: int) -> RulesPage:
    """Every rule by name, and those that are offered and not there yet."""
    rows = alert_rules.every(connection)
    standing = _standing(connection)
    lines = tuple(_line(row, standing.get(row.rule.name, {}), now) for row in rows)
    names = {row.rule.name for row in rows}
    return RulesPage(
        tabs=places.tabs(places.RULES),
        notice=told(query, DONE),
        trouble=trouble_of(connection, now),
        rules=lines,
        summary=counted(len(lines), "rule"),
        suggestions=tuple(each for each in suggested if each.name not in names),
    )


def rule_page(connection: Connection, name: str, query: QueryParams, preview: Preview | None, *, now: int) -> RulePage:
    """One rule; NotFoundError where there is none."""
    row = alert_rules.one(connection, name)
    found = alerts.of_rule(connection, name)
    known = known_of(connection, found, now)
    counts: dict[AlertState, int] = {}
    for alert in found:
        counts[alert.state] = counts.get(alert.state, 0) + 1
    return RulePage(
        title=one_line(name, 100),
        notice=told(query, DONE),
        line=_line(row, counts, now),
        yaml=visible(write_rules([row.rule])),
        runbook=places.outside(row.rule.runbook),
        alerts=tuple(card_of(alert, now, known) for alert in found[:_MOST_ALERTS]),
        preview=preview,
        budget=f"{places.BUDGETS}#{anchor_of(name)}" if row.rule.burn_rate else None,
    )


def says(rule: Rule) -> str:
    """The rule's condition in words: `Tool error rate above 5 % over 15m, for 5m`."""
    title = rule.about.title + (f" (p{rule.percentile:g})" if rule.about.percentile else "")
    lasting = f", for {duration_words(rule.for_)}" if rule.for_ else ""
    if rule.burn_rate:
        budget = in_unit(1 - rule.burn_rate.objective, rule.about.unit)
        return f"{title}: the error budget of {budget} burns too fast{lasting}"
    if rule.new_version:
        return f"A new version departs from the one before{lasting}"
    window = "" if rule.about.gauge else f" over {duration_words(rule.window)}"
    if rule.baseline:
        against = str(rule.baseline.against).replace("_", " ")
        return f"{title}{window} worse than the {against}{lasting}"
    scale: Scale = rule.about.unit
    side, threshold = ("below", rule.below) if rule.below is not None else ("above", rule.above)
    return f"{title} {side} {in_unit(threshold, scale)}{window}{lasting}"


def _standing(connection: Connection) -> Mapping[str, dict[AlertState, int]]:
    found: dict[str, dict[AlertState, int]] = {}
    for alert in alerts.every(connection, (AlertState.FIRING, AlertState.PENDING)):
        counts = found.setdefault(alert.rule, {})
        counts[alert.state] = counts.get(alert.state, 0) + 1
    return found


def _line(row: RuleRow, counts: Mapping[AlertState, int], now: int) -> RuleLine:
    address = addresses.alert_rule(row.rule.name)
    return RuleLine(
        name=one_line(row.rule.name, 100),
        address=address,
        severity=SEVERITIES[row.rule.severity],
        says=says(row.rule),
        groups=", ".join(str(group) for group in row.rule.group_by),
        declared=_DECLARED.get(row.declared_in, one_line(row.declared_in, 40)),
        paused=row.paused,
        firing=counts.get(AlertState.FIRING, 0),
        pending=counts.get(AlertState.PENDING, 0),
        judged=ago(row.last_evaluated_at, now),
        error=visible(row.last_error) if row.last_error else None,
        edit=f"{address}/edit" if row.declared_in == "ui" else None,
    )


_MOST_ALERTS = 50
