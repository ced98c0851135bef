"""An alert: what a rule says of one group, and since when."""

from enum import StrEnum

import msgspec


class AlertState(StrEnum):
    """Pending: the condition holds, not yet for long enough. Resolved ones are kept until everybody was told."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How soon somebody should look."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The newest episode of one rule for one group.

    `alert_id` is a hash of rule and group, 32 hex digits; with `fired_at` it names an episode. `labels` are the rule's,
    the group's, `alertname` and `severity`. `value` and `threshold` are in the measure's own unit (a share between 0
    and 1, seconds, USD, tokens, a count); a `value` of None is no data. `samples` is how many calls it rests on. Times
    are microseconds since 1970 UTC; the window is from `window_from` to `window_until`. `sessions` is the query string
    of the list of sessions behind it, `evidence` the top failing arguments and error texts, most frequent first: text
    from traces, hostile.
    """

    alert_id: str
    rule: str
    labels: dict[str, str]
    state: AlertState
    severity: Severity
    measure: str
    value: float | None
    threshold: float | None
    samples: int | None
    pending_at: int
    fired_at: int | None
    resolved_at: int | None
    evaluated_at: int
    window_from: int
    window_until: int
    summary: str
    runbook: str | None
    sessions: str | None
    evidence: tuple[str, ...]
    channels: tuple[str, ...]
    repeat_seconds: int
