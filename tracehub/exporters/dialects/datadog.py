"""Datadog's LLM Observability: what it reads differently, and what it would cut.

After its documentation of OpenTelemetry instrumentation (otel_instrumentation.md@0370a66): an operation outranks
`openinference.span.kind`, `retrieval` is no operation it knows, and of unknown attributes it keeps 256 characters, but
all of `_dd.ml_obs.metadata`.
"""

from tracehub.exporters.content import ContentRule
from tracehub.exporters.dialects.openinference import INPUT, add_openinference
from tracehub.exporters.otel_span import OtelSpan
from tracehub.exporters.semconv import Names
from tracehub.foundation.model_ids import model_of
from tracehub.model.span import ModelSpan, RetrievalSpan, Span

METADATA = "_dd.ml_obs.metadata"
_OURS = ("aws.bedrock.", "tracehub.")


def rewrite_for_datadog(told: OtelSpan, span: Span, names: Names, content: ContentRule) -> None:
    """Makes retrievals retrievals, resolves models, and repeats our own attributes where they stay whole."""
    attributes = told.attributes
    if isinstance(span, RetrievalSpan):
        del attributes[names.operation]
        add_openinference(told, span, content)
        content.put_text(attributes, INPUT, span.query)
    elif isinstance(span, ModelSpan) and (model := model_of(span.model_id)) is not None:
        attributes[names.response_model] = model
    own: dict[str, object] = {name: value for name, value in attributes.items() if name.startswith(_OURS)}
    if own:
        attributes[METADATA] = content.fitted(own)
