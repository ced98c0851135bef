"""/alerts and /rules, in the shapes of Prometheus' HTTP API, so that dashboards made for it can show them."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tracehub.alerting.channels.bodies import annotations_of, iso
from tracehub.model.alert import Alert, AlertState
from tracehub.model.rule import Rule, RuleRow
from tracehub.store import alert_rules, alerts
from tracehub.web.api.describe import answer, moment
from tracehub.web.dependencies import Parts, Reading

router = APIRouter(tags=["alerts"])
_SHOWN = (AlertState.PENDING, AlertState.FIRING)
State = Literal["pending", "firing"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AlertOf(_Shape):
    """An alert that is pending or fires."""

    labels: dict[str, str]
    annotations: dict[str, str] = Field(description="summary, evidence, runbook_url, sessions_url")
    state: State
    activeAt: str = Field(description="since when the condition holds")
    value: str = Field(description="a number as text, NaN where there is no data")


class AlertsOf(_Shape):
    """What /alerts holds."""

    alerts: list[AlertOf]


class AlertsAnswer(_Shape):
    """The answer to /alerts."""

    status: Literal["success"]
    data: AlertsOf


class RuleOf(_Shape):
    """A rule with its alerts."""

    name: str
    query: str = Field(description="the measure and what it is compared with, in the words of rules")
    duration: float = Field(description="seconds that the condition has to hold")
    labels: dict[str, str]
    annotations: dict[str, str]
    alerts: list[AlertOf]
    health: Literal["ok", "err", "unknown"]
    lastError: str | None = None
    state: Literal["firing", "pending", "inactive"]
    type: Literal["alerting"]
    evaluationTime: float
    lastEvaluation: str


class GroupOf(_Shape):
    """All rules of one place: `file` or `ui`."""

    name: str
    file: str
    interval: float
    rules: list[RuleOf]


class GroupsOf(_Shape):
    """What /rules holds."""

    groups: list[GroupOf]


class RulesAnswer(_Shape):
    """The answer to /rules."""

    status: Literal["success"]
    data: GroupsOf


_INTERVAL_SECONDS = 300.0
_NEVER = "0001-01-01T00:00:00Z"


@router.get("/alerts", response_model=AlertsAnswer)
def list_alerts(parts: Parts, connection: Reading) -> Response:
    """What is pending and what fires, as Prometheus answers to /api/v1/alerts."""
    public_url = parts.settings.public_url
    found = [_alert(alert, public_url) for alert in alerts.every(connection, _SHOWN)]
    return answer({"status": "success", "data": {"alerts": found}})


@router.get("/rules", response_model=RulesAnswer)
def list_rules(parts: Parts, connection: Reading) -> Response:
    """Every rule with its alerts, as Prometheus answers to /api/v1/rules."""
    public_url = parts.settings.public_url
    of_rule: dict[str, list[Alert]] = {}
    for alert in alerts.every(connection, _SHOWN):
        of_rule.setdefault(alert.rule, []).append(alert)
    groups: dict[str, list[dict[str, object]]] = {}
    for row in alert_rules.every(connection):
        described = _rule(row, of_rule.get(row.rule.name, []), public_url)
        groups.setdefault(row.declared_in, []).append(described)
    found = [
        {"name": name, "file": name, "interval": _INTERVAL_SECONDS, "rules": rules} for name, rules in groups.items()
    ]
    return answer({"status": "success", "data": {"groups": found}})


def _alert(alert: Alert, public_url: str | None) -> dict[str, object]:
    return {
        "labels": alert.labels,
        "annotations": annotations_of(alert, public_url),
        "state": alert.state.value,
        "activeAt": iso(alert.pending_at),
        "value": "NaN" if alert.value is None else f"{alert.value:e}",
    }


def _rule(row: RuleRow, found: list[Alert], public_url: str | None) -> dict[str, object]:
    rule = row.rule
    states = {alert.state.value for alert in found}
    health = "err" if row.last_error else "ok" if row.last_evaluated_at is not None else "unknown"
    described: dict[str, object] = {
        "name": rule.name,
        "query": _condition(rule),
        "duration": float(rule.for_),
        "labels": {**rule.labels, "severity": rule.severity.value},
        "annotations": {"runbook_url": rule.runbook} if rule.runbook else {},
        "alerts": [_alert(alert, public_url) for alert in found],
        "health": health,
        "state": "firing" if "firing" in states else "pending" if states else "inactive",
        "type": "alerting",
        "evaluationTime": 0.0,
        "lastEvaluation": moment(row.last_evaluated_at) or _NEVER,
    }
    return {**described, "lastError": row.last_error} if row.last_error else described


def _condition(rule: Rule) -> str:
    if rule.above is not None:
        return f"{rule.measure.value} > {rule.above:g}"
    if rule.below is not None:
        return f"{rule.measure.value} < {rule.below:g}"
    kind = "burn_rate" if rule.burn_rate else "baseline" if rule.baseline else "new_version"
    return f"{rule.measure.value} {kind}"
