"""The panel of one step: what it was given, what it gave, why, and what it cost."""

from collections.abc import Mapping, Sequence

import msgspec

from tracehub.bedrock.tool_errors import ErrorRule
from tracehub.errors import NotFoundError
from tracehub.model.span import AgentSpan, ErrorSource, ModelSpan, Span, SpanError, ToolSpan
from tracehub.model.trace import Trace
from tracehub.web.pages import addresses
from tracehub.web.pages.copies import Copy, copies_of_step
from tracehub.web.pages.durations import between, duration, offset
from tracehub.web.pages.labels import KINDS, PHASES, Badge, error_badge, outcome_badge
from tracehub.web.pages.model_facts import Fact, model_facts
from tracehub.web.pages.moments import Moment, exact
from tracehub.web.pages.raw_events import raw_events
from tracehub.web.pages.repeats import repeated
from tracehub.web.pages.sections import Section
from tracehub.web.pages.session_view import WHOLE, View, address_of, query_of
from tracehub.web.pages.short_names import model_name, tool_name
from tracehub.web.pages.step_sections import sections_of
from tracehub.web.pages.texts import beginning
from tracehub.web.pages.turn_sections import turn_sections
from tracehub.web.pages.visible import visible

_MOST_REPEATS = 20


class Repeat(msgspec.Struct, frozen=True):
    """Another step of the turn that makes the same call."""

    text: str
    href: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """The context of the panel. `missing` and `error` are in words; `before` and `after` are the neighbours' pages."""

    trace_id: str
    span_id: str
    session_href: str
    turn_number: int
    turn_href: str
    kind: str
    label: str
    name: str
    phase: str | None
    iteration: int | None
    badge: Badge | None
    started: Moment | None
    offset: str
    duration: str
    derived: bool
    error_type: str | None
    error_text: str | None
    error_source: str | None
    check: str | None
    missing: tuple[str, ...]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    repeats: tuple[Repeat, ...]
    copies: tuple[Copy, ...]
    before: str | None
    after: str | None


def panel_of(
    session_id: str,
    turn_number: int,
    trace: Trace,
    span_id: str,
    raw: Mapping[str, bytes],
    known: Mapping[str, str],
    view: View = WHOLE,
    rules: Sequence[ErrorRule] = (),
) -> Panel:
    """One step of a trace; `raw` are its first events, `known` the sessions of traces it may link to.

    Its links keep the view.

    NotFoundError where the trace has no such span.
    """
    span, before, after = find_step(trace, span_id)
    query = query_of(view)
    root = span is trace.spans[0]
    error = trace.error if root else span.error
    return Panel(
        trace_id=trace.trace_id,
        span_id=span_id,
        session_href=address_of(addresses.session(session_id), view),
        turn_number=turn_number,
        turn_href=addresses.turn(session_id, trace.trace_id, query),
        kind=_kind(span),
        label="Turn" if root else KINDS[_kind(span)],
        name=visible(_name(span)),
        phase=PHASES.get(span.phase) if span.phase else None,
        iteration=span.iteration,
        badge=error_badge(error.source) if error else outcome_badge(span.outcome),
        started=exact(span.started_at),
        offset=offset(between(trace.started_at, span.started_at)),
        duration=duration(between(span.started_at, span.ended_at)),
        derived=span.times_derived,
        error_type=visible(error.type) if error else None,
        error_text=beginning(error.text) if error and error.text else None,
        error_source=error.source if error else None,
        check=_check(error, rules),
        missing=tuple(visible(part) for part in span.missing),
        facts=model_facts(span) if isinstance(span, ModelSpan) else (),
        sections=(
            *(turn_sections(trace, span) if root and isinstance(span, AgentSpan) else ()),
            *sections_of(span, trace.trace_id, known),
            raw_events(trace.trace_id, span.event_ids, raw),
        ),
        repeats=_repeats(session_id, trace, span_id, query),
        copies=copies_of_step(session_id, trace.trace_id, span_id),
        before=addresses.step(session_id, trace.trace_id, before.span_id, query) if before else None,
        after=addresses.step(session_id, trace.trace_id, after.span_id, query) if after else None,
    )


def _repeats(session_id: str, trace: Trace, span_id: str, query: str) -> tuple[Repeat, ...]:
    group = repeated(trace.spans).get(span_id, ())
    return tuple(
        Repeat(f"{number} of {len(group)}", addresses.step(session_id, trace.trace_id, other, query))
        for number, other in enumerate(group, 1)
        if other != span_id
    )[:_MOST_REPEATS]


def _check(error: SpanError | None, rules: Sequence[ErrorRule]) -> str | None:
    """What the rule that inferred the error says to check."""
    if error is None or error.source is not ErrorSource.INFERRED:
        return None
    return next((visible(rule.check) for rule in rules if rule.name == error.type and rule.check), None)


def find_step(trace: Trace, span_id: str) -> tuple[Span, Span | None, Span | None]:
    """A span and its neighbours in pre-order; NotFoundError where the trace has no such span."""
    spans: Sequence[Span] = trace.spans
    for place, span in enumerate(spans):
        if span.span_id == span_id:
            before = spans[place - 1] if place else None
            return span, before, spans[place + 1] if place + 1 < len(spans) else None
    msg = f"trace {trace.trace_id} has no step {span_id}"
    raise NotFoundError(msg)


def _kind(span: Span) -> str:
    kind = type(span).__struct_config__.tag
    return str(kind)


def _name(span: Span) -> str:
    match span:
        case ModelSpan():
            return model_name(span.model_id)
        case ToolSpan():
            return tool_name(span.name)[0]
        case _:
            return span.name
