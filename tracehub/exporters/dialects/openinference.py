"""OpenInference's kinds and documents beside the conventions: for Phoenix, MLflow and others that read them."""

from tracehub.exporters.content import ContentRule
from tracehub.exporters.kinds.calls import document_of
from tracehub.exporters.otel_span import OtelSpan
from tracehub.exporters.shortening import json_text
from tracehub.model.span import GuardrailSpan, RetrievalSpan, Span

KIND = "openinference.span.kind"
INPUT = "input.value"
DOCUMENTS = "retrieval.documents."


def add_openinference(told: OtelSpan, span: Span, content: ContentRule) -> None:
    """Says what the conventions have no operation for: retrievals with their documents, and guardrails."""
    if isinstance(span, RetrievalSpan):
        told.attributes[KIND] = "RETRIEVER"
        _add_documents(told, span, content)
    elif isinstance(span, GuardrailSpan):
        told.attributes[KIND] = "GUARDRAIL"


def _add_documents(told: OtelSpan, span: RetrievalSpan, content: ContentRule) -> None:
    if not content.wanted:
        return
    for number, reference in enumerate(span.references or ()):
        for name, value in document_of(reference).items():
            text = value if isinstance(value, str) else json_text(value)
            content.put_result(told.attributes, f"{DOCUMENTS}{number}.document.{name}", text)
