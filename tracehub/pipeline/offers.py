"""What a trace tells of the functions that its agent was offered."""

from tracehub.bedrock.offered_tools import offered_tools
from tracehub.model.trace import Trace
from tracehub.store.offered_tools import Offer
from tracehub.store.text import clean

_NAME = 200


def offers_of(trace: Trace) -> frozenset[Offer]:
    """One offer per function in the first prompt of the trace's agent."""
    agent = trace.agent
    return frozenset(
        Offer(
            agent_id=clean(agent.agent_id, _NAME),
            alias_id=clean(agent.alias_id, _NAME),
            agent_version=clean(agent.version, _NAME),
            tool=clean(tool, _NAME) or "",
        )
        for tool in offered_tools(trace)
    )
