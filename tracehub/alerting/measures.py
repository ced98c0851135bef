"""What a measure counts of calls, for each group of a rule, and its value."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tracehub.model.action_group import action_group_of
from tracehub.model.measure import GroupBy, Measure, Unit
from tracehub.model.rule import Errors, Rule
from tracehub.model.tally import (
    FIRST_TEXT,
    OUTCOME,
    REPEATED,
    REPROMPT,
    REPROMPTED,
    SILENT_REPROMPT,
    TURN,
    UNANSWERED,
    Tally,
)
from tracehub.store.latency import percentile
from tracehub.store.rollup_sums import Caller

# The labels of a group and their values, in the order of the rule's `group_by`.
Group = tuple[tuple[str, str], ...]
UNREPORTED = "unreported"
_TOOL = ("tool", "code")
_KINDS: dict[Measure, tuple[str, ...]] = {
    Measure.TOOL_ERROR_RATE: _TOOL,
    Measure.TOOL_LATENCY: _TOOL,
    Measure.TRACE_FAILURE_RATE: (TURN,),
    Measure.TRACE_DURATION: (TURN,),
    Measure.TIME_TO_FIRST_TOKEN: (FIRST_TEXT,),
    Measure.REPROMPTS: (REPROMPTED, TURN),
    Measure.SILENT_REPROMPTS: (REPROMPTED, TURN),
    Measure.GUARDRAIL_INTERVENTIONS: ("guardrail",),
    Measure.KNOWLEDGE_BASE_ZERO_HITS: ("retrieval",),
    Measure.TOKENS_PER_HOUR: ("model",),
    Measure.COST_PER_HOUR: ("model",),
    Measure.INCOMPLETE_TRACES: (OUTCOME,),
    Measure.ORPHANED_RETURN_OF_CONTROL: (UNANSWERED, OUTCOME),
    Measure.REPEATED_CALLS: (REPEATED, *_TOOL),
    Measure.SOURCE_SILENCE: (),
    Measure.EXPORT_BACKLOG: (),
}


class Amount(msgspec.Struct):
    """`part` of `samples` counts for the measure (of tokens and cost it is the sum); `durations` as in Tally."""

    part: int = 0
    samples: int = 0
    durations: dict[int, int] = {}

    def add(self, part: int, samples: int, durations: Mapping[int, int]) -> None:
        """Adds more of the same."""
        self.part += part
        self.samples += samples
        for bucket, calls in durations.items():
            self.durations[bucket] = self.durations.get(bucket, 0) + calls


def kinds_of(measure: Measure) -> tuple[str, ...]:
    """The kinds of rollups that a measure is made of."""
    return _KINDS[measure]


def counted(rule: Rule, caller: Caller, tally: Tally) -> tuple[int, int]:
    """What calls of one kind add to an Amount's part and samples. Not for durations: those are added as they are."""
    kind, name = caller.kind, caller.name
    match rule.measure:
        case Measure.TOOL_ERROR_RATE:
            return (_errors(rule.errors, tally), tally.calls)
        case Measure.TRACE_FAILURE_RATE:
            return (tally.failed, tally.calls)
        case Measure.REPROMPTS | Measure.SILENT_REPROMPTS:
            wanted = REPROMPT if rule.measure is Measure.REPROMPTS else SILENT_REPROMPT
            return (0, tally.calls) if kind == TURN else (tally.turns if name == wanted else 0, 0)
        case Measure.GUARDRAIL_INTERVENTIONS:
            return (tally.blocked, tally.calls)
        case Measure.KNOWLEDGE_BASE_ZERO_HITS:
            return (tally.empty_calls, tally.calls_with_results)
        case Measure.TOKENS_PER_HOUR:
            return ((tally.input_tokens or 0) + (tally.output_tokens or 0), tally.calls_with_tokens)
        case Measure.COST_PER_HOUR:
            return (tally.cost_nano_usd or 0, tally.priced_calls)
        case Measure.INCOMPLETE_TRACES:
            return (tally.calls if name == "incomplete" else 0, tally.calls)
        case Measure.ORPHANED_RETURN_OF_CONTROL:
            returned = tally.calls if kind == OUTCOME and name == "returned_control" else 0
            return (tally.turns if kind == UNANSWERED else 0, returned)
        case Measure.REPEATED_CALLS:
            return (tally.calls, 0) if kind == REPEATED else (0, tally.calls)
        case _:
            return (0, sum(tally.durations.values()))


def amounts(rule: Rule, group_by: Sequence[GroupBy], found: Iterable[tuple[Caller, Tally]]) -> dict[Group, Amount]:
    """The amounts of each group with calls; without groups there is one, whatever was called."""
    sums: dict[Group, Amount] = {} if group_by else {(): Amount(durations={})}
    wanted = [(group, frozenset(values)) for group in GroupBy if (values := rule.filter.values(group))]
    timed = rule.about.percentile
    for caller, tally in found:
        if any(label(caller, group) not in values for group, values in wanted):
            continue
        part, samples = counted(rule, caller, tally)
        if not part and not samples:
            continue
        key = tuple((group.value, label(caller, group) or UNREPORTED) for group in group_by)
        amount = sums.get(key)
        if amount is None:
            amount = sums[key] = Amount(durations={})
        amount.add(part, samples, tally.durations if timed else {})
    return sums


def label(caller: Caller, group: GroupBy) -> str | None:
    """What a caller has under a group's label; None where it was not reported, or calls have no such thing."""
    match group:
        case GroupBy.AGENT:
            return caller.agent_id
        case GroupBy.ALIAS:
            return caller.alias_id
        case GroupBy.VERSION:
            return caller.agent_version
        case GroupBy.ACTION_GROUP:
            return action_group_of(caller.name)
        case GroupBy.TOOL | GroupBy.MODEL | GroupBy.KNOWLEDGE_BASE:
            return caller.name or None
        case GroupBy.SOURCE | GroupBy.DESTINATION:
            return None


def value_of(rule: Rule, amount: Amount, seconds: float) -> float | None:
    """The value, in the measure's unit, of what was counted in so many seconds; None where nothing was."""
    if not amount.samples:
        return None
    if rule.about.percentile:
        found = percentile(amount.durations, rule.percentile / 100)
        return None if found is None else found / 1000
    match rule.about.unit:
        case Unit.TOKENS:
            return amount.part * 3600 / seconds
        case Unit.USD:
            return amount.part / 1e9 * 3600 / seconds
        case _:
            return amount.part / amount.samples


def _errors(which: Errors, tally: Tally) -> int:
    match which:
        case Errors.REPORTED:
            return tally.errors_reported
        case Errors.INFERRED:
            return tally.errors_inferred
        case Errors.BOTH:
            return tally.errors_reported + tally.errors_inferred
