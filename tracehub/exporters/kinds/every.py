"""What spans of all kinds have: names, ids, sessions, what failed, what was said about them."""

from tracehub.exporters.around import Around
from tracehub.exporters.otel_span import Attributes, OtelEvent, OtelLink, OtelSpan, Value
from tracehub.exporters.semconv import PROVIDER
from tracehub.exporters.shortening import shortened_text
from tracehub.model.span import AgentSpan, ErrorSource, Outcome, Span

# Datadog keeps 256 characters of what it does not know; AWS's longest ARNs have 2048.
_NAME_CHARS, _VALUE_CHARS = 256, 2048
_DESCRIPTION_CHARS = 1024
_OURS = ("input", "output")
# By Bedrock itself, and by the caller who answered returned control.
_REPROMPTS = ("reprompt", "response_state_reprompt")


def begun(span: Span, around: Around, name: str, kind: int, operation: str | None) -> OtelSpan:
    """The span with what all of them have."""
    names = around.names
    attributes: Attributes = {names.provider: PROVIDER}
    put(attributes, names.operation, operation)
    put(attributes, names.conversation, around.trace.session_id)
    put(attributes, names.step, span.step_id)
    if span.missing:
        attributes[names.incomplete] = "; ".join(f"no_{what}" if what in _OURS else what for what in span.missing)
    return OtelSpan(span.span_id, span.parent_id, shortened_text(name, _NAME_CHARS), kind, attributes)


def put(attributes: Attributes, name: str, value: Value | None) -> None:
    """Sets what is known; what no name or id can be is cut."""
    if value is None:
        return
    if isinstance(value, str) and len(value) > _VALUE_CHARS:
        value = shortened_text(value, _VALUE_CHARS)
    attributes[name] = value


def put_failure(told: OtelSpan, span: Span, around: Around, error_type: str | None = None) -> None:
    """Marks what AWS or the caller reported as failed; not what was concluded from an output, or asked again.

    A tool's own words are content; the reason of a failed agent is AWS's.
    """
    error = span.error
    if error is None or span.outcome is not Outcome.FAILED or error.source is not ErrorSource.REPORTED:
        return
    if error.type in _REPROMPTS:
        return
    told.attributes[around.names.error_type] = shortened_text(error_type or error.type, _NAME_CHARS)
    public = isinstance(span, AgentSpan) or error == around.trace.error
    told.failure = shortened_text(error.text or "", _DESCRIPTION_CHARS) if public or around.content.wanted else ""


def was_reprompt(span: Span) -> bool:
    """Whether what came of the span was put to the model again."""
    return span.error is not None and span.error.type in _REPROMPTS


def add_event(told: OtelSpan, around: Around, name: str, text: str | None, at: int | None = None) -> None:
    """An event that is nothing but what was said: content."""
    if around.content.wanted and text is not None:
        attributes: Attributes = {}
        around.content.put_text(attributes, around.names.event_text, text)
        told.events.append(OtelEvent(name, at, attributes))


def add_reprompt(told: OtelSpan, span: Span, around: Around, source: str) -> None:
    """An event where the model was asked again because of this span."""
    if span.error is None or not was_reprompt(span):
        return
    attributes: Attributes = {around.names.reprompt_source: source}
    around.content.put_text(attributes, around.names.event_text, span.error.text)
    told.events.append(OtelEvent(around.names.reprompt, None, attributes))


def link_to_asker(told: OtelSpan, span: Span, around: Around) -> None:
    """A link to the model call that asked for this: Datadog draws it as an edge."""
    model = around.asked_by.get(span.span_id)
    if model is not None:
        names = around.names
        told.links.append(OtelLink(None, model.span_id, {names.link_from: "output", names.link_to: "input"}))
