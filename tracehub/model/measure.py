"""What alert rules can measure, in which unit, and what each can be narrowed and grouped by."""

from enum import StrEnum

import msgspec


class Measure(StrEnum):
    """By the words of rules."""

    TOOL_ERROR_RATE = "tool_error_rate"
    TOOL_LATENCY = "tool_latency"
    TRACE_FAILURE_RATE = "trace_failure_rate"
    TRACE_DURATION = "trace_duration"
    TIME_TO_FIRST_TOKEN = "time_to_first_token"  # noqa: S105 - a measure's name
    REPROMPTS = "reprompts"
    SILENT_REPROMPTS = "silent_reprompts"
    GUARDRAIL_INTERVENTIONS = "guardrail_interventions"
    KNOWLEDGE_BASE_ZERO_HITS = "knowledge_base_zero_hits"
    TOKENS_PER_HOUR = "tokens_per_hour"
    COST_PER_HOUR = "cost_per_hour"
    INCOMPLETE_TRACES = "incomplete_traces"
    ORPHANED_RETURN_OF_CONTROL = "orphaned_return_of_control"
    REPEATED_CALLS = "repeated_calls"
    SOURCE_SILENCE = "source_silence"
    EXPORT_BACKLOG = "export_backlog"


class Unit(StrEnum):
    """Of a measure's values and thresholds."""

    SHARE = "share"
    SECONDS = "seconds"
    TOKENS = "tokens"
    USD = "usd"
    COUNT = "count"


class GroupBy(StrEnum):
    """What there is one alert for, and the name of the label that says which."""

    AGENT = "agent"
    ALIAS = "alias"
    VERSION = "version"
    ACTION_GROUP = "action_group"
    TOOL = "tool"
    MODEL = "model"
    KNOWLEDGE_BASE = "knowledge_base"
    SOURCE = "source"
    DESTINATION = "destination"


_AGENTS = (GroupBy.AGENT, GroupBy.ALIAS, GroupBy.VERSION)
_TOOLS = (*_AGENTS, GroupBy.ACTION_GROUP, GroupBy.TOOL)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of a measure.

    `groups` are what it can be grouped by; its filter can name the same (in the plural). `of` is what its samples are.
    `gauge` measures are read as they stand now, without a window. `delay` is how many seconds after the end of a
    window its calls can be judged: a trace is incomplete until its last event has come.
    """

    title: str
    unit: Unit
    groups: tuple[GroupBy, ...]
    of: str
    percentile: bool = False
    errors: bool = False
    gauge: bool = False
    delay: int = 60


ABOUT: dict[Measure, About] = {
    Measure.TOOL_ERROR_RATE: About(
        title="Tool error rate", unit=Unit.SHARE, groups=_TOOLS, of="tool calls", errors=True
    ),
    Measure.TOOL_LATENCY: About(
        title="Tool latency", unit=Unit.SECONDS, groups=_TOOLS, of="timed tool calls", percentile=True
    ),
    Measure.TRACE_FAILURE_RATE: About(title="Failed turns", unit=Unit.SHARE, groups=_AGENTS, of="turns"),
    Measure.TRACE_DURATION: About(
        title="Duration of turns", unit=Unit.SECONDS, groups=_AGENTS, of="timed turns", percentile=True
    ),
    Measure.TIME_TO_FIRST_TOKEN: About(
        title="Time to the first token",
        unit=Unit.SECONDS,
        groups=_AGENTS,
        of="turns that were recorded or went through the proxy",
        percentile=True,
    ),
    Measure.REPROMPTS: About(title="Turns with reprompts", unit=Unit.SHARE, groups=_AGENTS, of="turns"),
    Measure.SILENT_REPROMPTS: About(title="Turns with silent reprompts", unit=Unit.SHARE, groups=_AGENTS, of="turns"),
    Measure.GUARDRAIL_INTERVENTIONS: About(
        title="Guardrail interventions", unit=Unit.SHARE, groups=_AGENTS, of="guardrail assessments"
    ),
    Measure.KNOWLEDGE_BASE_ZERO_HITS: About(
        title="Lookups without a hit",
        unit=Unit.SHARE,
        groups=(*_AGENTS, GroupBy.KNOWLEDGE_BASE),
        of="lookups with a known result",
    ),
    Measure.TOKENS_PER_HOUR: About(
        title="Tokens per hour", unit=Unit.TOKENS, groups=(*_AGENTS, GroupBy.MODEL), of="model calls with tokens"
    ),
    Measure.COST_PER_HOUR: About(
        title="Cost per hour", unit=Unit.USD, groups=(*_AGENTS, GroupBy.MODEL), of="priced model calls"
    ),
    Measure.INCOMPLETE_TRACES: About(title="Incomplete turns", unit=Unit.SHARE, groups=_AGENTS, of="turns", delay=900),
    Measure.ORPHANED_RETURN_OF_CONTROL: About(
        title="Returned control that nobody answered",
        unit=Unit.SHARE,
        groups=_AGENTS,
        of="turns that returned control",
        delay=900,
    ),
    Measure.REPEATED_CALLS: About(
        title="Tool calls that repeat one of their turn", unit=Unit.SHARE, groups=_TOOLS, of="tool calls"
    ),
    Measure.SOURCE_SILENCE: About(
        title="Time since a source's last data", unit=Unit.SECONDS, groups=(GroupBy.SOURCE,), of="sources", gauge=True
    ),
    Measure.EXPORT_BACKLOG: About(
        title="Traces that wait to be exported",
        unit=Unit.COUNT,
        groups=(GroupBy.DESTINATION,),
        of="destinations",
        gauge=True,
    ),
}
