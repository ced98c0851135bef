"""A call of a foundation model: `chat`."""

from tracehub.exporters.around import Around
from tracehub.exporters.kinds.every import add_event, add_reprompt, begun, put, put_failure
from tracehub.exporters.messages import answered, conversation, finish_reason
from tracehub.exporters.otel_span import CLIENT, Attributes, OtelEvent, OtelSpan
from tracehub.exporters.semconv import Names
from tracehub.model.span import ModelSpan, Outcome, Phase, Tokens

_MOST = 2**53


def model_span(span: ModelSpan, around: Around) -> OtelSpan:
    """The call with its parameters, tokens and messages."""
    names = around.names
    told = begun(span, around, f"{names.chat} {span.model_id or 'unknown'}", CLIENT, names.chat)
    attributes = told.attributes
    put(attributes, names.request_model, span.model_id)
    _put_parameters(attributes, names, span.inference)
    _put_tokens(attributes, names, span)
    if (reason := finish_reason(span.stop_reason)) is not None:
        attributes[names.finish_reasons] = (reason,)
    put(attributes, names.prompt_type, span.prompt_type)
    put(attributes, names.prompt_creation_mode, span.prompt_creation_mode)
    put(attributes, names.parser_mode, span.parser_mode)
    put(attributes, names.override_lambda, span.override_lambda)
    put(attributes, names.iteration, span.iteration)
    if span.phase is Phase.ROUTING and (chosen := around.next_agent(span)) is not None:
        put(attributes, names.route, chosen.agent.arn or chosen.agent.alias_id or chosen.name)
    put_failure(told, span, around)
    _put_messages(attributes, span, around)
    add_event(told, around, names.rationale, span.rationale)
    add_reprompt(told, span, around, "PARSER")
    if span.reprompt == "silent":
        _add_silent_reprompt(told, span, around)
    return told


def _put_parameters(attributes: Attributes, names: Names, inference: dict[str, object]) -> None:
    for name, given in ((names.temperature, "temperature"), (names.top_p, "topP"), (names.top_k, "topK")):
        if (value := _number(inference, given)) is not None:
            attributes[name] = int(value) if given == "topK" and names.top_k_is_whole else float(value)
    if (longest := _number(inference, "maximumLength")) is not None:
        attributes[names.max_tokens] = int(longest)
    stops = inference.get("stopSequences")
    if isinstance(stops, list) and stops:
        attributes[names.stop_sequences] = tuple(stop for stop in stops if isinstance(stop, str))


def _number(inference: dict[str, object], name: str) -> int | float | None:
    """The number, if it is one that a parameter can be."""
    value = inference.get(name)
    plausible = isinstance(value, int | float) and not isinstance(value, bool) and -_MOST < value < _MOST
    return value if plausible else None  # type: ignore[return-value]


def _put_tokens(attributes: Attributes, names: Names, span: ModelSpan) -> None:
    tokens = span.tokens
    put(attributes, names.input_tokens, _all_input(tokens))
    put(attributes, names.output_tokens, tokens.output)
    put(attributes, names.cache_read_tokens, tokens.cache_read)
    put(attributes, names.cache_write_tokens, tokens.cache_write)


def _all_input(tokens: Tokens) -> int | None:
    """The convention's input tokens include those of the cache; Bedrock tells them apart from its input tokens.

    MLflow takes the cached ones off before it multiplies by the price: without them in it, a call seemed too cheap.
    """
    if tokens.input is None:
        return None
    return tokens.input + (tokens.cache_read or 0) + (tokens.cache_write or 0)


def _put_messages(attributes: Attributes, span: ModelSpan, around: Around) -> None:
    content, names = around.content, around.names
    if not content.wanted:
        return
    if span.input is not None:
        found = conversation(span.input, around.history)
        content.put_json(attributes, names.system_instructions, found.instructions)
        content.put_json(attributes, names.input_messages, found.messages)
        content.put_json(attributes, names.tool_definitions, found.tools)
    said = answered(around.parts(span), span.reasoning, span.stop_reason, failed=span.outcome is Outcome.FAILED)
    content.put_json(attributes, names.output_messages, said)


def _add_silent_reprompt(told: OtelSpan, span: ModelSpan, around: Around) -> None:
    attributes: Attributes = {}
    if span.error is not None:
        around.content.put_text(attributes, around.names.event_text, span.error.text)
    told.events.append(OtelEvent(around.names.silent_reprompt, None, attributes))
