"""Alerts come back as they were written."""

import msgspec

from tests.stores import migrated
from tracehub.model.alert import Alert, AlertState, Severity
from tracehub.store import alerts


def alert(alert_id: str, state: AlertState = AlertState.FIRING, **changes: object) -> Alert:
    found = Alert(
        alert_id=alert_id,
        rule="Tool errors",
        labels={"alertname": "Tool errors", "tool": "book_room", "severity": "critical"},
        state=state,
        severity=Severity.CRITICAL,
        measure="tool_error_rate",
        value=0.25,
        threshold=0.05,
        samples=40,
        pending_at=1_000_000,
        fired_at=2_000_000,
        resolved_at=None,
        evaluated_at=3_000_000,
        window_from=0,
        window_until=3_000_000,
        summary="25 % of 40 calls failed",
        runbook=None,
        sessions="tool=book_room",
        evidence=("room is required",),
        channels=("on call",),
        repeat_seconds=14_400,
    )
    return msgspec.structs.replace(found, **changes)


def test_alerts_come_back_as_they_were_written(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        first, second = alert("aa" * 16), alert("bb" * 16, AlertState.PENDING, fired_at=None)
        alerts.save(connection, [first, second])
        assert alerts.every(connection) == (first, second)
        assert alerts.every(connection, [AlertState.PENDING]) == (second,)
        assert alerts.of_rule(connection, "Tool errors") == (first, second)


def test_a_later_state_replaces_the_one_before(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        alerts.save(connection, [alert("aa" * 16)])
        resolved = alert("aa" * 16, AlertState.RESOLVED, resolved_at=9_000_000)
        alerts.save(connection, [resolved])
        assert alerts.every(connection) == (resolved,)
        alerts.remove(connection, ["aa" * 16])
        assert alerts.every(connection) == ()
