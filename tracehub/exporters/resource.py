"""The resource of an agent's spans: which service, version and place they come from."""

from tracehub.exporters.otel_span import Attributes
from tracehub.exporters.terms import Dialect, Terms
from tracehub.model.span import Agent

_ARN_PARTS = 6


def resource_of(agent: Agent, terms: Terms) -> Attributes:
    """The attributes of the resource; what is unknown is left out."""
    region, account = _place(agent.arn)
    known = {
        "service.name": terms.service_name or _service(agent),
        "service.version": agent.version,
        "deployment.environment.name": terms.environment,
        "cloud.provider": "aws",
        "cloud.platform": "aws_bedrock",
        "cloud.region": terms.region or region,
        "cloud.account.id": terms.account_id or account,
        "tracehub.instance.id": terms.instance_id,
        "dd_llmobs_enabled": "true" if terms.dialect is Dialect.DATADOG else None,
    }
    found: Attributes = {name: value for name, value in known.items() if value is not None}
    return found | terms.resource_attributes


def _service(agent: Agent) -> str:
    name = agent.name or agent.agent_id or ("inline" if agent.inline else None)
    return f"bedrock-agent/{name}" if name else "bedrock-agent"


def _place(arn: str | None) -> tuple[str | None, str | None]:
    """Region and account of an ARN."""
    parts = arn.split(":", _ARN_PARTS - 1) if arn else []
    if len(parts) != _ARN_PARTS:
        return None, None
    return parts[3] or None, parts[4] or None
