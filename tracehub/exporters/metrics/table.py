"""Which metrics are exported: their names, units, buckets and attributes.

Those that begin with gen_ai are OpenTelemetry's (semantic-conventions v1.41.1, and what its Python instrumentations
write of genai-dev); what it has no metric for begins with tracehub.
"""

from typing import Literal

import msgspec

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
AGENT_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
TOKENS = tuple(float(4**power) for power in range(14))
LAG_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)

PROVIDER = "gen_ai.provider.name"
OPERATION = "gen_ai.operation.name"
AGENT_ID = "gen_ai.agent.id"
AGENT_NAME = "gen_ai.agent.name"
AGENT_VERSION = "gen_ai.agent.version"
ALIAS = "aws.bedrock.agent_alias.id"
MODEL = "gen_ai.request.model"
PROMPT_TYPE = "aws.bedrock.agent.prompt_type"
KNOWLEDGE_BASE = "aws.bedrock.knowledge_base.id"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
ACTION_GROUP = "aws.bedrock.action_group.name"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 (the name of an attribute)
ERROR_TYPE = "error.type"
ERROR_SOURCE = "tracehub.error.source"
OUTCOME = "tracehub.outcome"
# OpenTelemetry's own mark of the point into which goes what would be one series too many (metrics SDK specification).
OVERFLOW = "otel.metric.overflow"

_WHO = (PROVIDER, AGENT_ID, AGENT_VERSION, ALIAS)
_TOOL = (*_WHO, OPERATION, TOOL_NAME, TOOL_TYPE, ACTION_GROUP)


class Metric(msgspec.Struct, frozen=True):
    """`bounds` are a histogram's; a metric without them is a monotonic sum."""

    name: str
    unit: str
    description: str
    attributes: tuple[str, ...]
    bounds: tuple[float, ...] = ()

    @property
    def type(self) -> Literal["histogram", "sum"]:
        """Which kind of metric it is."""
        return "histogram" if self.bounds else "sum"


AGENT_DURATION = Metric(
    "gen_ai.invoke_agent.duration",
    "s",
    "How long calls of agents took, collaborators included",
    (*_WHO, OPERATION, AGENT_NAME, ERROR_TYPE),
    AGENT_SECONDS,
)
OPERATION_DURATION = Metric(
    "gen_ai.client.operation.duration",
    "s",
    "How long calls of models and lookups in knowledge bases took",
    (*_WHO, OPERATION, MODEL, PROMPT_TYPE, KNOWLEDGE_BASE, ERROR_TYPE),
    SECONDS,
)
TOKEN_USAGE = Metric(
    "gen_ai.client.token.usage",
    "{token}",
    "Tokens of one call of a model, where it reported them",
    (*_WHO, OPERATION, MODEL, TOKEN_TYPE),
    TOKENS,
)
TOOL_DURATION = Metric(
    "gen_ai.execute_tool.duration",
    "s",
    "How long calls of tools took, where it is known",
    (*_TOOL, ERROR_TYPE),
    SECONDS,
)
TOOL_CALLS = Metric("tracehub.tool.calls", "{call}", "Calls of tools, also those of unknown duration", _TOOL)
TOOL_ERRORS = Metric(
    "tracehub.tool.errors",
    "{call}",
    "Calls of tools that failed: reported by AWS or the application, or inferred from the output",
    (*_TOOL, ERROR_SOURCE, ERROR_TYPE),
)
LOOKUPS = Metric("tracehub.knowledge_base.lookups", "{call}", "Lookups in knowledge bases", (*_WHO, KNOWLEDGE_BASE))
EMPTY_LOOKUPS = Metric(
    "tracehub.knowledge_base.empty_lookups", "{call}", "Lookups that found nothing", (*_WHO, KNOWLEDGE_BASE)
)
TURNS = Metric("tracehub.agent.turns", "{call}", "Calls of agents by how they ended", (*_WHO, OUTCOME))
REPROMPTS = Metric("tracehub.agent.reprompts", "{reprompt}", "How often a model or tool was asked again", _WHO)
INTERVENTIONS = Metric(
    "tracehub.agent.guardrail_interventions", "{intervention}", "How often a guardrail intervened", _WHO
)
RETURN_CONTROL = Metric("tracehub.agent.return_control", "{call}", "Calls that handed control back", _WHO)
FAILURES = Metric("tracehub.agent.failures", "{call}", "Calls of agents that failed", (*_WHO, ERROR_TYPE))
INCOMPLETE = Metric("tracehub.agent.incomplete_traces", "{call}", "Calls whose end never came", _WHO)
INGEST_LAG = Metric(
    "tracehub.ingest.lag", "s", "From the end of a call to its last event being stored", (), LAG_SECONDS
)

METRICS = (
    AGENT_DURATION,
    OPERATION_DURATION,
    TOKEN_USAGE,
    TOOL_DURATION,
    TOOL_CALLS,
    TOOL_ERRORS,
    LOOKUPS,
    EMPTY_LOOKUPS,
    TURNS,
    REPROMPTS,
    INTERVENTIONS,
    RETURN_CONTROL,
    FAILURES,
    INCOMPLETE,
    INGEST_LAG,
)
