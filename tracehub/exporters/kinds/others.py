"""What stands beside a turn's calls: a guardrail's assessment, a custom orchestration's message."""

from tracehub.exporters.around import Around
from tracehub.exporters.kinds.every import add_event, begun, put
from tracehub.exporters.otel_span import INTERNAL, OtelSpan
from tracehub.model.span import CustomSpan, GuardrailSpan

_PLACES = {"input": "pre", "output": "post"}


def guardrail_span(span: GuardrailSpan, around: Around) -> OtelSpan:
    """One assessment. Intervening is what a guardrail is for, so it is no error."""
    names = around.names
    place = _PLACES.get(span.side or "")
    told = begun(span, around, f"guardrail {place}" if place else "guardrail", INTERNAL, names.apply_guardrail)
    attributes = told.attributes
    put(attributes, names.guardrail_action, span.action)
    put(attributes, names.guardrail_source, span.side.upper() if span.side else None)
    policies = tuple(dict.fromkeys(finding.policy for finding in span.assessments))
    if policies:
        attributes[names.guardrail_policies] = policies
    if around.content.wanted:
        found: list[object] = [
            {name: value for name in finding.__struct_fields__ if (value := getattr(finding, name)) is not None}
            for finding in span.assessments
        ]
        around.content.put_json(attributes, names.guardrail_assessments, found)
    return told


def custom_span(span: CustomSpan, around: Around) -> OtelSpan:
    """A message of a custom orchestration. Most dialects make it an event of the agent above."""
    told = begun(span, around, "custom_orchestration", INTERNAL, None)
    add_event(told, around, around.names.custom_orchestration, span.text, span.started_at)
    return told
