"""What a back end has to hold of a trace, told from the trace itself and not from how it is exported."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.exporters.reading import spans_of
from tests.stores import RECEIVED_AT
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Terms
from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    RetrievalSpan,
    Span,
    Tokens,
    ToolSpan,
)
from tracehub.model.trace import Trace

SpanId = tuple[str, str]
_ASKED_AGAIN = ("reprompt", "response_state_reprompt")


@dataclass(frozen=True)
class Stored:
    """A span as a back end holds it. Times are nanoseconds since 1970 UTC, `error` is None unless it failed and else
    the reason that was given; unknown is None."""

    parent_id: str | None
    name: str
    kind: str
    session: str | None
    started_at: int
    ended_at: int
    error: str | None
    input_tokens: int | None = None
    output_tokens: int | None = None


def expected(traces: Iterable[Trace], terms: Terms, *, customs: bool = False) -> dict[SpanId, Stored]:
    """All spans by their ids, with our words for their kinds; messages of custom orchestrations only with `customs`."""
    found: dict[SpanId, Stored] = {}
    for trace in traces:
        times = dict(_times(trace, terms))
        for span in trace.spans:
            if customs or not isinstance(span, CustomSpan):
                assert (trace.trace_id, span.span_id) not in found
                found[trace.trace_id, span.span_id] = _stored(span, trace, times[span.span_id])
    return found


def _stored(span: Span, trace: Trace, times: tuple[int, int]) -> Stored:
    tokens = span.tokens if isinstance(span, ModelSpan) else None
    return Stored(
        parent_id=span.parent_id,
        name=_name(span),
        kind=str(type(span).__struct_config__.tag),
        session=trace.session_id,
        started_at=times[0],
        ended_at=times[1],
        error=_reason(span),
        input_tokens=all_input(tokens) if tokens else None,
        output_tokens=tokens.output if tokens else None,
    )


def all_input(tokens: Tokens) -> int | None:
    """The conventions count tokens of the cache as input, of which Bedrock tells them apart."""
    if tokens.input is None:
        return None
    return tokens.input + (tokens.cache_read or 0) + (tokens.cache_write or 0)


def _name(span: Span) -> str:
    match span:
        case AgentSpan():
            return f"invoke_agent {span.agent.name or span.agent.agent_id or span.name}"
        case ModelSpan():
            return f"chat {span.model_id or 'unknown'}"
        case ToolSpan():
            return f"execute_tool {span.tool}"
        case CodeSpan():
            return "execute_tool code_interpreter"
        case RetrievalSpan():
            return f"retrieval {span.knowledge_base_id}" if span.knowledge_base_id else "retrieval"
        case GuardrailSpan():
            place = {"input": " pre", "output": " post"}.get(span.side or "", "")
            return f"guardrail{place}"
        case CustomSpan():
            return "custom_orchestration"


def _reason(span: Span) -> str | None:
    """What AWS or the caller reported; not what was concluded, or only asked again."""
    error = span.error
    reported = error is not None and error.source is ErrorSource.REPORTED and error.type not in _ASKED_AGAIN
    return (error.text or "")[:1024] if error and reported and span.outcome is Outcome.FAILED else None


def _times(trace: Trace, terms: Terms) -> Iterator[tuple[str, tuple[int, int]]]:
    """Unknown times are filled in by the export, and agents reach over what is below them: its times, which are
    AWS's wherever it told them."""
    exported = spans_of(resource_spans(trace, terms, received_at=RECEIVED_AT))
    at = {span.span_id.hex(): (span.start_time_unix_nano, span.end_time_unix_nano) for span in exported}
    parents = {span.parent_id for span in trace.spans}
    for span in trace.spans:
        if span.span_id not in at:
            yield span.span_id, (0, 0)
            continue
        if span.started_at and span.ended_at and span.span_id not in parents:
            assert at[span.span_id] == (span.started_at * 1000, span.ended_at * 1000)
        yield span.span_id, at[span.span_id]
