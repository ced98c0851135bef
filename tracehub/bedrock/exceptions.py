"""Reads the exceptions that end a response stream."""

from tracehub.members import Json, mapping, text
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


def broken_off(response: Json) -> SpanError | None:
    """The error that the recorder noted where the stream broke and AWS said nothing of it; None where it did not."""
    if text(response, "end") != "failed":
        return None
    name, _, said = (text(response, "error") or "the stream broke off").partition(": ")
    return SpanError(source=ErrorSource.REPORTED, type=name[:200], text=said or None)
