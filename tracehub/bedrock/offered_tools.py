"""The functions that an agent's prompt offers to its model."""

import re

from tracehub.model.span import ModelSpan, Phase
from tracehub.model.trace import Trace

# Prompts of Bedrock's own templates list functions as <tool_description><tool_name>Group::function</tool_name>. Of
# OpenAPI schemas they list VERB::Group::operationId, but calls name the path: these cannot be compared.
_OFFERED = re.compile(r"<tool_description>(?:\s|\\n)*<tool_name>([^<>:]{1,100})::([^<>:]{1,100})</tool_name>")
# What Bedrock adds by itself.
_OWN = {"AgentCommunication", "user"}


def offered_tools(trace: Trace) -> frozenset[str]:
    """The names, as calls have them (`Group__function`), of the trace's first orchestration prompt; empty where it
    lists none in a form that is known."""
    for span in trace.spans:
        if isinstance(span, ModelSpan) and span.phase is Phase.ORCHESTRATION and span.input is not None:
            return offered_in(span.input)
    return frozenset()


def offered_in(prompt: str) -> frozenset[str]:
    """The functions that a prompt lists."""
    return frozenset(f"{group}__{function}" for group, function in _OFFERED.findall(prompt) if group not in _OWN)
