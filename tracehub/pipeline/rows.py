"""Turns an assembled trace into the rows that lists and timelines read."""

from collections.abc import Iterator

from tracehub.bedrock.assemble import PARSER_VERSION
from tracehub.model.span import (
    Agent,
    AgentSpan,
    CodeSpan,
    CustomSpan,
    ErrorSource,
    GuardrailSpan,
    ModelSpan,
    Outcome,
    RetrievalSpan,
    Span,
    SpanError,
    ToolSpan,
)
from tracehub.model.trace import Trace
from tracehub.pipeline.measures import between, cited_by, measured
from tracehub.store.latency import bucket_of
from tracehub.store.schema import DEFAULT_PROJECT, spans, traces
from tracehub.store.text import clean, excerpt

# When a row is written is for the database to say.
TRACE_COLUMNS = tuple(column.name for column in traces.columns if column.name != "written_at")
SPAN_COLUMNS = tuple(column.name for column in spans.columns)
EXCERPT = 300
RATIONALE = 2000
SUMMARY = 200
NAME = 200
_NO_AGENT = Agent()


def trace_row(trace: Trace, event_count: int, received_at: int) -> tuple[object, ...]:
    """The values of TRACE_COLUMNS."""
    models = [span for span in trace.spans if isinstance(span, ModelSpan)]
    errors = [span.error.source for span in trace.spans[1:] if span.error]
    inputs = [span.tokens.input for span in models if span.tokens.input is not None]
    outputs = [span.tokens.output for span in models if span.tokens.output is not None]
    costs = [span.cost_usd for span in models if span.cost_usd is not None]
    return (
        DEFAULT_PROJECT,
        bytes.fromhex(trace.trace_id),
        clean(trace.session_id, 500) or f"unreported-{trace.trace_id}",
        trace.session_id is not None,
        clean(trace.agent.agent_id, NAME),
        clean(trace.agent.alias_id, NAME),
        clean(trace.agent.version, NAME),
        clean(trace.agent.name, NAME),
        trace.agent.inline,
        trace.started_at if trace.started_at is not None else received_at,
        received_at,
        trace.started_at,
        trace.ended_at,
        trace.outcome.value,
        *_error(trace.error),
        clean("; ".join(trace.missing), EXCERPT) if trace.missing else None,
        excerpt(trace.question, EXCERPT),
        excerpt(trace.answer, EXCERPT),
        len(trace.spans) - 1,
        len(models),
        sum(isinstance(span, ToolSpan | CodeSpan) for span in trace.spans),
        errors.count(ErrorSource.REPORTED),
        errors.count(ErrorSource.INFERRED),
        sum(isinstance(span, GuardrailSpan) and span.action == "INTERVENED" for span in trace.spans),
        sum(inputs) if inputs else None,
        sum(outputs) if outputs else None,
        sum(span.tokens.input is not None or span.tokens.output is not None for span in models),
        sum(costs) if costs else None,
        len(costs),
        clean(trace.answers, NAME),
        event_count,
        PARSER_VERSION,
        False,
        between(trace.times.asked_at, trace.times.first_text_at),
    )


def broken_trace_row(trace_id: str, event_count: int, received_at: int) -> tuple[object, ...]:
    """The row of a trace whose assembling failed: nothing is known of it but its events."""
    trace = Trace(
        trace_id=trace_id,
        session_id=None,
        agent=_NO_AGENT,
        started_at=None,
        ended_at=None,
        outcome=Outcome.INCOMPLETE,
        error=None,
        missing=("tracehub could not assemble this trace; its events are kept and `tracehub reindex` tries again",),
        question=None,
        answer=None,
        citations=(),
        files=(),
        spans=(
            AgentSpan(
                span_id="0" * 16, parent_id=None, name="", phase=None, run_id=None, step_id=None, agent=_NO_AGENT
            ),
        ),
        return_controls=(),
        answers=None,
    )
    row = list(trace_row(trace, event_count, received_at))
    row[TRACE_COLUMNS.index("needs_reindex")] = True
    return tuple(row)


def span_rows(trace: Trace) -> Iterator[tuple[object, ...]]:
    """The values of SPAN_COLUMNS for each span, in pre-order."""
    trace_id = bytes.fromhex(trace.trace_id)
    places: dict[str, tuple[int, int, Agent]] = {}
    cited = cited_by(trace)
    for seq, span in enumerate(trace.spans):
        parent = places.get(span.parent_id or "")
        depth = parent[1] + 1 if parent else 0
        agent = span.agent if isinstance(span, AgentSpan) else parent[2] if parent else _NO_AGENT
        places[span.span_id] = (seq, depth, agent)
        yield (
            DEFAULT_PROJECT,
            trace_id,
            seq,
            bytes.fromhex(span.span_id),
            parent[0] if parent else None,
            min(depth, 32_000),
            KIND_OF[type(span)],
            span.phase.value if span.phase else None,
            clean(span.name, NAME),
            span.iteration,
            clean(agent.agent_id, NAME),
            clean(agent.alias_id, NAME),
            clean(agent.version, NAME),
            span.started_at,
            span.ended_at,
            span.times_derived,
            bucket_of(between(span.started_at, span.ended_at)),
            span.outcome.value,
            *_error(span.error),
            *_model_values(span),
            clean(getattr(span, "rationale", None), RATIONALE),
            excerpt(_summary(span), SUMMARY),
            *measured(span, cited),
        )


KIND_OF = {
    AgentSpan: "agent",
    ModelSpan: "model",
    ToolSpan: "tool",
    CodeSpan: "code",
    RetrievalSpan: "retrieval",
    GuardrailSpan: "guardrail",
    CustomSpan: "custom",
}


def _error(error: SpanError | None) -> tuple[str | None, str | None, str | None]:
    if error is None:
        return (None, None, None)
    return (error.source.value, clean(error.type, NAME), excerpt(error.text, EXCERPT))


def _model_values(span: Span) -> tuple[str | None, int | None, int | None, float | None]:
    if isinstance(span, ModelSpan):
        return (clean(span.model_id, NAME), span.tokens.input, span.tokens.output, span.cost_usd)
    return (None, None, None, None)


def _summary(span: Span) -> str | None:
    """One line that tells this span from its neighbours."""
    match span:
        case ToolSpan():
            return ", ".join(f"{parameter.name}={parameter.value}" for parameter in span.parameters) or span.output
        case CodeSpan():
            return span.code
        case RetrievalSpan():
            return span.query
        case GuardrailSpan():
            return (
                ", ".join(finding.name or finding.type or finding.policy for finding in span.assessments) or span.action
            )
        case AgentSpan():
            return span.input
        case CustomSpan():
            return span.text
        case ModelSpan():
            return None
