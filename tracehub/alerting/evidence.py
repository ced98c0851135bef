"""What stands behind an alert: the error texts and arguments that fail most."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from tracehub.alerting.measures import UNREPORTED
from tracehub.model.action_group import action_group_of
from tracehub.model.measure import GroupBy, Measure
from tracehub.model.rule import Errors, Rule
from tracehub.model.span import ErrorSource
from tracehub.store import failing_calls
from tracehub.store.failing_calls import FailingCall, Where
from tracehub.store.schema import DEFAULT_PROJECT

_MOST = 3
_LONGEST = 160
_SOURCES = {
    Errors.REPORTED: (ErrorSource.REPORTED,),
    Errors.INFERRED: (ErrorSource.INFERRED,),
    Errors.BOTH: tuple(ErrorSource),
}
_TURNS = (Measure.TRACE_FAILURE_RATE, Measure.INCOMPLETE_TRACES)


def evidence_of(
    connection: Connection,
    rule: Rule,
    group: Mapping[str, str],
    since: int,
    until: int,
    *,
    project: str = DEFAULT_PROJECT,
) -> tuple[str, ...]:
    """The most frequent error texts, then the most frequent arguments of failing calls, each with its number; nothing
    for measures without failures. Text from traces: hostile."""
    if rule.measure is not Measure.TOOL_ERROR_RATE and rule.measure not in _TURNS:
        return ()
    where = Where(
        since=since,
        until=until,
        agents=_wanted(rule, group, GroupBy.AGENT),
        aliases=_wanted(rule, group, GroupBy.ALIAS),
        versions=_wanted(rule, group, GroupBy.VERSION),
        tools=_wanted(rule, group, GroupBy.TOOL),
        sources=_SOURCES[rule.errors],
    )
    if rule.measure in _TURNS:
        return _most_frequent(call.error for call in failing_calls.turns(connection, where, project=project))
    groups = frozenset(_wanted(rule, group, GroupBy.ACTION_GROUP))
    found = [
        call
        for call in failing_calls.calls(connection, where, project=project)
        if not groups or action_group_of(call.tool or "") in groups
    ]
    return (*_most_frequent(map(_failure, found)), *_most_frequent(map(_arguments, found)))


def _wanted(rule: Rule, group: Mapping[str, str], by: GroupBy) -> tuple[str, ...]:
    named = group.get(by.value)
    return rule.filter.values(by) if named is None or named == UNREPORTED else (named,)


def _failure(call: FailingCall) -> str | None:
    return f"{call.tool}: {call.error}" if call.error else None


def _arguments(call: FailingCall) -> str | None:
    return f"{call.tool} ({call.arguments})" if call.arguments else None


def _most_frequent(texts: Iterable[str | None]) -> tuple[str, ...]:
    counted = Counter(" ".join(text.split())[:_LONGEST] for text in texts if text)
    return tuple(f"{number:,} × {text}" for text, number in counted.most_common(_MOST))
