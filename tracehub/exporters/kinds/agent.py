"""One agent's turn: `invoke_agent`."""

from collections.abc import Iterator
from uuid import UUID

from tracehub.exporters.around import Around
from tracehub.exporters.kinds.every import add_event, begun, link_to_asker, put, put_failure, was_reprompt
from tracehub.exporters.messages import said
from tracehub.exporters.otel_span import CLIENT, Attributes, OtelEvent, OtelSpan
from tracehub.exporters.semconv import Names
from tracehub.model.span import AgentSpan, CodeSpan, ModelSpan, Outcome, Span, Tokens, ToolSpan

_FINISH_REASONS = {
    Outcome.OK: "stop",
    Outcome.RETURNED_CONTROL: "tool_call",
    Outcome.BLOCKED: "content_filter",
    Outcome.FAILED: "error",
}


def agent_span(span: AgentSpan, around: Around) -> OtelSpan:
    """The turn; of the call itself also what only a call has.

    It carries no `gen_ai.usage.*`: back ends add up all spans, and its models' spans have them.
    """
    names, agent = around.names, span.agent
    label = agent.name or agent.agent_id or span.name
    told = begun(span, around, f"{names.invoke_agent} {label}", CLIENT, names.invoke_agent)
    attributes = told.attributes
    put(attributes, names.agent_id, agent.agent_id)
    put(attributes, names.agent_name, agent.name)
    put(attributes, names.agent_version, agent.version)
    put(attributes, names.alias_id, agent.alias_id)
    put(attributes, names.alias_arn, agent.arn)
    put(attributes, names.request_id, _dashed(span.run_id))
    if span.session_id != around.trace.session_id:
        put(attributes, names.agent_session, span.session_id)
    reason = _FINISH_REASONS.get(span.outcome)
    if reason is not None:
        attributes[names.finish_reasons] = (reason,)
    _put_sums(attributes, span, around)
    put_failure(told, span, around)
    if around.content.wanted:
        around.content.put_json(attributes, names.input_messages, said("user", span.input))
        around.content.put_json(attributes, names.output_messages, said("assistant", span.output, reason or "stop"))
    add_event(told, around, names.rationale, span.rationale)
    for note in span.notes:
        add_event(told, around, names.note, note)
    if told.failure is not None:
        _add_exception(told, span, around)
    if span.parent_id is None:
        _put_call(told, around)
    else:
        link_to_asker(told, span, around)
    return told


def _put_sums(attributes: Attributes, span: AgentSpan, around: Around) -> None:
    """What the turn took, its collaborators' turns included; unknown where no span told it."""
    names = around.names
    models = tools = reprompts = 0
    totals: dict[str, int] = {}
    for each in _below(span, around):
        if isinstance(each, ModelSpan):
            models += 1
            reprompts += each.reprompt is not None or was_reprompt(each)
            _add_tokens(totals, each.tokens, names)
        else:
            tools += isinstance(each, ToolSpan | CodeSpan)
            reprompts += was_reprompt(each)
    attributes[names.model_calls] = models
    attributes[names.tool_calls] = tools
    attributes[names.reprompts] = reprompts
    attributes.update(totals)
    own = [each.model_id for each in around.children[span.span_id] if isinstance(each, ModelSpan) and each.model_id]
    put(attributes, names.request_model, own[-1] if own else None)


def _add_tokens(totals: dict[str, int], tokens: Tokens, names: Names) -> None:
    for name, reported in (
        (names.total_input_tokens, tokens.input),
        (names.total_output_tokens, tokens.output),
        (names.total_cache_read_tokens, tokens.cache_read),
        (names.total_cache_write_tokens, tokens.cache_write),
    ):
        if reported is not None:
            totals[name] = totals.get(name, 0) + reported


def _below(span: Span, around: Around) -> Iterator[Span]:
    waiting = list(around.children.get(span.span_id, ()))
    while waiting:
        child = waiting.pop()
        yield child
        waiting.extend(around.children.get(child.span_id, ()))


def _add_exception(told: OtelSpan, span: AgentSpan, around: Around) -> None:
    names = around.names
    attributes: Attributes = {names.exception_type: told.attributes[names.error_type]}
    if told.failure:
        attributes[names.exception_message] = told.failure
    told.events.append(OtelEvent(names.exception, None, attributes))


def _put_call(told: OtelSpan, around: Around) -> None:
    """What only the call itself has: what it answers, its memory, citations and files."""
    trace, names, attributes = around.trace, around.names, told.attributes
    put(attributes, names.answers, trace.answers)
    put(attributes, names.memory_id, trace.memory_id)
    if trace.citations:
        attributes[names.citation_count] = len(trace.citations)
        if around.content.wanted:
            around.content.put_json(attributes, names.citations, _citations(around))
    if trace.files:
        attributes[names.file_count] = len(trace.files)
    for file in trace.files:
        about: Attributes = {}
        around.content.put_text(about, names.file_name, file.name)
        put(about, names.file_type, file.type)
        put(about, names.file_size, file.size)
        told.events.append(OtelEvent(names.file, None, about))


def _citations(around: Around) -> list[object]:
    return [
        {
            "text": citation.text,
            "start": citation.start,
            "end": citation.end,
            "references": [
                {"location": reference.location, "content": reference.text} for reference in citation.references
            ],
        }
        for citation in around.trace.citations
    ]


def _dashed(run_id: str | None) -> str | None:
    """The request id as AWS writes it."""
    try:
        return str(UUID(run_id)) if run_id else None
    except ValueError:
        return None
