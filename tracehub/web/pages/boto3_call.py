"""A turn as the Python call that would ask it again, with no more than its trace knows."""

from collections.abc import Iterator, Mapping

from tracehub.model.trace import Trace
from tracehub.web.pages.texts import as_json

_CLIENT = """import boto3

client = boto3.client("bedrock-agent-runtime"{region})
response = client.invoke_agent(
{arguments}
)
for event in response["completion"]:
    print(event)
"""


def invoke_agent_call(trace: Trace) -> str | None:
    """The call as a script of valid Python, whatever the texts hold; what the trace does not say is a comment in it.

    None for inline agents: their trace holds neither instruction nor tools.
    """
    if trace.agent.inline:
        return None
    region = _region(trace.agent.arn)
    return _CLIENT.format_map(
        {
            "region": f", region_name={region!r}" if region else "",
            "arguments": "\n".join(f"    {line}" for line in _arguments(trace)),
        }
    )


def _arguments(trace: Trace) -> Iterator[str]:
    for name, value in (
        ("agentId", trace.agent.agent_id),
        ("agentAliasId", trace.agent.alias_id),
        ("sessionId", trace.session_id),
        ("inputText", trace.question),
        ("memoryId", trace.memory_id),
    ):
        if value is not None:
            yield f"{name}={value!r},"
        elif name != "memoryId":
            yield f"# {name} is not in the trace."
    yield "enableTrace=True,"
    state = {
        name: _texts(values)
        for name, values in (
            ("sessionAttributes", trace.session_attributes),
            ("promptSessionAttributes", trace.prompt_session_attributes),
        )
        if values
    }
    if state:
        yield f"sessionState={state!r},"
    if trace.answers is not None:
        yield "# The turn brought the result of a call: returnControlInvocationResults stand in its request event."


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    """AWS takes texts only."""
    return {name: value if isinstance(value, str) else as_json(value) for name, value in values.items()}


def _region(arn: str | None) -> str | None:
    parts = (arn or "").split(":")
    return parts[3] if len(parts) > 5 and parts[3] else None
