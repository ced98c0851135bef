"""Alerts for tests."""

import msgspec

from tracehub.model.alert import Alert, AlertState, Severity

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
NOW = 1_790_000_000 * SECOND


def firing(number: int = 1, **changes: object) -> Alert:
    """An alert that fires; `number` tells it from others."""
    alert = Alert(
        alert_id=f"{number:032x}",
        rule="Tool errors",
        labels={"alertname": "Tool errors", "severity": "critical", "tool": f"tool-{number}"},
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        measure="tool_error_rate",
        value=0.25,
        threshold=0.1,
        samples=40,
        pending_at=NOW - 5 * MINUTE,
        fired_at=NOW,
        resolved_at=None,
        evaluated_at=NOW,
        window_from=NOW - 15 * MINUTE,
        window_until=NOW,
        summary=f"Tool error rate of tool-{number} is 25 %, above 10 %: 40 tool calls in 15m",
        runbook="https://wiki.example/tools",
        sessions=f"tool=tool-{number}&since=1&until=2",
        evidence=("12 × room is required",),
        channels=(),
        repeat_seconds=4 * 3600,
    )
    return msgspec.structs.replace(alert, **changes)


def resolved(alert: Alert, at: int) -> Alert:
    """The same episode, over since `at`."""
    return msgspec.structs.replace(alert, state=AlertState.RESOLVED, resolved_at=at, evaluated_at=at)
