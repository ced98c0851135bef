"""The list of sessions behind an alert, as a query string."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from tracehub.alerting.measures import UNREPORTED
from tracehub.model.measure import GroupBy, Measure
from tracehub.model.rule import Rule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS = {
    GroupBy.AGENT: "agent",
    GroupBy.ALIAS: "alias",
    GroupBy.VERSION: "version",
    GroupBy.TOOL: "tool",
    GroupBy.MODEL: "model",
    GroupBy.KNOWLEDGE_BASE: "kb",
}
_FAILING = {Measure.TOOL_ERROR_RATE: ("errors", "1"), Measure.TRACE_FAILURE_RATE: ("outcome", "failed")}
_ENDINGS = {
    Measure.INCOMPLETE_TRACES: ("outcome", "incomplete"),
    Measure.ORPHANED_RETURN_OF_CONTROL: ("outcome", "returned_control"),
}


def sessions_query(rule: Rule, group: Mapping[str, str], since: int, until: int) -> str | None:
    """The filter of the list of sessions: what the rule measures, for this group, in this window (microseconds).

    None for what has no sessions. An action group and an unreported value are no condition of that list.
    """
    if rule.about.gauge:
        return None
    parts: list[tuple[str, str]] = []
    for by, key in _KEYS.items():
        named = group.get(by.value)
        values = (named,) if named is not None else rule.filter.values(by)
        parts += [(key, value) for value in values if value != UNREPORTED]
    extra = {**_FAILING, **_ENDINGS}.get(rule.measure)
    if extra:
        parts.append(extra)
    return urlencode([*parts, ("active_since", _moment(since)), ("active_until", _moment(until))])


def _moment(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
