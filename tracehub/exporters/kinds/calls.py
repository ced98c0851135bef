"""What a model asked for: a tool, the code interpreter, a knowledge base."""

from tracehub.exporters.around import Around
from tracehub.exporters.kinds.every import add_event, add_reprompt, begun, link_to_asker, put, put_failure
from tracehub.exporters.otel_span import CLIENT, INTERNAL, OtelSpan
from tracehub.model.span import CodeSpan, ErrorSource, Outcome, Reference, RetrievalSpan, ToolSpan

_TYPES = {"LAMBDA": "extension", "RETURN_CONTROL": "function"}
_CHUNK_ID = "x-amz-bedrock-kb-chunk-id"


def tool_span(span: ToolSpan, around: Around) -> OtelSpan:
    """A call of an action group: `execute_tool`."""
    names = around.names
    told = begun(span, around, f"{names.execute_tool} {span.tool}", INTERNAL, names.execute_tool)
    attributes = told.attributes
    put(attributes, names.tool_name, span.tool)
    put(attributes, names.tool_type, _TYPES.get(span.execution_type or ""))
    put(attributes, names.tool_call_id, span.return_control_id or around.call_id(span))
    put(attributes, names.action_group, span.action_group)
    put(attributes, names.function, span.function)
    put(attributes, names.api_path, span.api_path)
    put(attributes, names.verb, span.verb)
    put(attributes, names.execution_type, span.execution_type)
    put(attributes, names.response_state, span.response_state)
    put(attributes, names.confirmation_state, span.confirmation_state)
    put(attributes, names.http_status, span.http_status)
    if span.outcome is Outcome.RETURNED_CONTROL and span.answered_by is None:
        attributes[names.return_of_control] = "orphaned"
    if span.error is not None and span.error.source is ErrorSource.INFERRED:
        attributes[names.tool_error_inferred] = True
        put(attributes, names.tool_error_type, span.error.type)
    around.content.put_json(attributes, names.tool_arguments, _arguments(span))
    around.content.put_result(attributes, names.tool_result, span.output)
    _end(told, span, around, "ACTION_GROUP", None)
    return told


def code_span(span: CodeSpan, around: Around) -> OtelSpan:
    """A run of the code interpreter: `execute_tool` of the tool that the service itself is."""
    names = around.names
    told = begun(span, around, f"{names.execute_tool} code_interpreter", INTERNAL, names.execute_tool)
    attributes = told.attributes
    attributes[names.tool_name] = "code_interpreter"
    attributes[names.tool_type] = "extension"
    if span.input_files:
        attributes[names.code_input_files] = len(span.input_files)
    if span.output_files:
        attributes[names.code_output_files] = len(span.output_files)
    around.content.put_json(attributes, names.tool_arguments, {} if span.code is None else {"code": span.code})
    result = {
        "executionOutput": span.output,
        "executionError": span.execution_error,
        "executionTimeout": span.execution_timeout,
        "files": list(span.output_files) or None,
    }
    known: dict[str, object] = {name: value for name, value in result.items() if value is not None}
    around.content.put_json(attributes, names.tool_result, known)
    timed_out = span.error is not None and span.error.type == "execution_timeout"
    _end(told, span, around, "CODE_INTERPRETER", "timeout" if timed_out else None)
    return told


def retrieval_span(span: RetrievalSpan, around: Around) -> OtelSpan:
    """A lookup in a knowledge base: `retrieval`."""
    names, source = around.names, span.knowledge_base_id
    name = f"{names.retrieval} {source}" if source else names.retrieval
    told = begun(span, around, name, CLIENT, names.retrieval)
    attributes = told.attributes
    put(attributes, names.data_source, source)
    put(attributes, names.knowledge_base, source)
    if span.references is not None:
        attributes[names.document_count] = len(span.references)
        if around.content.wanted:
            documents = [document_of(reference) for reference in span.references]
            around.content.put_json(attributes, names.documents, documents)
    around.content.put_text(attributes, names.query, span.query)
    _end(told, span, around, "KNOWLEDGE_BASE", None)
    return told


def _end(
    told: OtelSpan, span: ToolSpan | CodeSpan | RetrievalSpan, around: Around, source: str, error_type: str | None
) -> None:
    link_to_asker(told, span, around)
    if span.span_id not in around.asked_by:
        add_event(told, around, around.names.rationale, span.rationale)
    put_failure(told, span, around, error_type)
    add_reprompt(told, span, around, source)


def _arguments(span: ToolSpan) -> dict[str, object]:
    """The arguments as AWS wrote them: texts."""
    arguments: dict[str, object] = {parameter.name: parameter.value for parameter in span.parameters}
    return arguments if span.request_body is None else arguments | {"requestBody": span.request_body}


def document_of(reference: Reference) -> dict[str, object]:
    """The convention's `score` is left out: Bedrock's traces carry none."""
    chunk = reference.metadata.get(_CHUNK_ID)
    known = {
        "id": chunk if isinstance(chunk, str) else reference.location,
        "content": reference.text,
        "metadata": reference.metadata or None,
    }
    return {name: value for name, value in known.items() if value is not None}
