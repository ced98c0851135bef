"""Reads the exceptions that end a response stream."""

from tracehub.bedrock.members import mapping, text
from tracehub.model.record import Event
from tracehub.model.span import ErrorSource, SpanError


def exception_of(event: Event) -> SpanError:
    """The error that an event of kind "exception" reports; its type is the exception's name."""
    name = next((name for name, value in event.body.items() if isinstance(value, dict)), "exception")
    content = mapping(event.body, name)
    details = [text(content, "message"), text(content, "resourceName"), text(content, "reason")]
    return SpanError(
        source=ErrorSource.REPORTED, type=name, text=" · ".join(detail for detail in details if detail) or None
    )
