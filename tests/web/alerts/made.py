"""Alerts for tests of their pages."""

from msgspec.structs import replace

from tracehub.model.alert import Alert, AlertState, Severity

SECOND = 1_000_000
MINUTE = 60 * SECOND
NOW = 1_795_000_000 * SECOND


def an_alert(number: int = 1, **changes: object) -> Alert:
    """An alert that fires for 12 minutes at NOW, with these changes."""
    made = Alert(
        alert_id=f"{number:032x}",
        rule="Tools fail",
        labels={"alertname": "Tools fail", "agent": "ORDERHELP1", "tool": "refund_order", "severity": "critical"},
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        measure="tool_error_rate",
        value=0.3415,
        threshold=0.05,
        samples=41,
        pending_at=NOW - 17 * MINUTE,
        fired_at=NOW - 12 * MINUTE,
        resolved_at=None,
        evaluated_at=NOW - MINUTE,
        window_from=NOW - 16 * MINUTE,
        window_until=NOW - MINUTE,
        summary="34.2 % of 41 calls of refund_order failed, more than 5 %",
        runbook="https://wiki.example.com/runbooks/refunds",
        sessions="agent=ORDERHELP1&tool=refund_order&since=2026-11-18T10:00:00Z&until=2026-11-18T10:15:00Z",
        evidence=("11 × refund window is over", '3 × amount={"value": -1}'),
        channels=("on call",),
        repeat_seconds=14_400,
    )
    return replace(made, **changes)
