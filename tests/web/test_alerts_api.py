"""Alerts and rules in the shapes of Prometheus' HTTP API."""

from pathlib import Path

import httpx

from tests.alerting.alerts import NOW, firing
from tests.serving import serving
from tests.stores import migrated
from tracehub.model.alert import AlertState
from tracehub.model.measure import Measure
from tracehub.model.rule import Rule
from tracehub.store import alert_rules, alerts


def test_alerts_and_rules_are_told_as_prometheus_tells_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    rule = Rule(name="Tool errors", measure=Measure.TOOL_ERROR_RATE, above=0.1, labels={"team": "payments"})
    with migrated(url) as database, database.writing() as connection:
        alert_rules.declare(connection, rule, declared_in="ui", now=NOW)
        pending = firing(2, state=AlertState.PENDING, fired_at=None, value=None)
        over = firing(3, state=AlertState.RESOLVED, resolved_at=NOW)
        alerts.save(connection, [firing(1), pending, over])
    with serving(url) as server:
        found = httpx.get(f"{server.address}/api/v1/alerts").raise_for_status().json()
        rules = httpx.get(f"{server.address}/api/v1/rules").raise_for_status().json()
    assert found["status"] == "success"
    assert found["data"]["alerts"] == [
        {
            "labels": {"alertname": "Tool errors", "severity": "critical", "tool": "tool-1"},
            "annotations": {
                "summary": "Tool error rate of tool-1 is 25 %, above 10 %: 40 tool calls in 15m",
                "evidence": "12 × room is required",
                "runbook_url": "https://wiki.example/tools",
            },
            "state": "firing",
            "activeAt": "2026-09-21T14:08:20Z",
            "value": "2.500000e-01",
        },
        {**found["data"]["alerts"][1], "state": "pending", "value": "NaN"},
    ]
    (group,) = rules["data"]["groups"]
    assert (group["name"], [one["name"] for one in group["rules"]]) == ("ui", ["Tool errors"])
    (told,) = group["rules"]
    assert (told["query"], told["state"], told["health"]) == ("tool_error_rate > 0.1", "firing", "unknown")
    assert told["labels"] == {"team": "payments", "severity": "warning"}
    assert len(told["alerts"]) == 2
