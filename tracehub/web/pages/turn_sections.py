"""What the panel of a whole turn shows: the conversation, its sources, files and attributes."""

from collections.abc import Iterator

from tracehub.model.span import AgentSpan, Citation, Reference
from tracehub.model.trace import CallTimes, Trace
from tracehub.web.pages.amounts import size
from tracehub.web.pages.durations import between, duration
from tracehub.web.pages.sections import Nothing, Passage, Passages, Section, Table
from tracehub.web.pages.step_sections import passage
from tracehub.web.pages.texts import Source, cell, text_section


def turn_sections(trace: Trace, root: AgentSpan) -> tuple[Section, ...]:
    """Question, answer, citations, files and session state, each where there is one."""
    return tuple(_sections(trace, Source(trace.trace_id, root.span_id)))


def cited_passages(trace: Trace) -> tuple[Passage, ...]:
    """What the answer rests on, in the order of its citations."""
    return tuple(passage(number, found) for number, found in enumerate(_cited(trace.citations), 1))


def _sections(trace: Trace, source: Source) -> Iterator[Section]:
    if trace.question is not None:
        yield text_section("Question", trace.question, whole=source.whole("input"))
    else:
        yield Nothing(title="Question", reason="No prompt in this trace shows what was asked.")
    if trace.answer is not None:
        yield text_section("Answer", trace.answer, whole=source.whole("output"))
    if trace.citations:
        yield Passages(title="Citations", passages=cited_passages(trace))
    if trace.files:
        files = tuple((cell(file.name), cell(file.type), size(file.size)) for file in trace.files)
        yield Table(title="Files", heads=("Name", "Type", "Size"), rows=files)
    if trace.times.asked_at is not None:
        yield Table(title="The call", heads=("What happened", "After"), rows=_timing(trace.times))
    if trace.caller is not None:
        row = (trace.caller.trace_id, trace.caller.span_id)
        yield Table(title="Called from", heads=("Trace", "Span"), rows=(row,))
    for heading, values in (
        ("Session attributes", trace.session_attributes),
        ("Prompt session attributes", trace.prompt_session_attributes),
    ):
        if values:
            pairs = tuple((cell(name), cell(value)) for name, value in values.items())
            yield Table(title=heading, heads=("Name", "Value"), rows=pairs)


def _timing(times: CallTimes) -> tuple[tuple[str, str], ...]:
    """From the call's beginning on, as a recorder or the proxy saw it."""
    seen = (("AWS answered", times.answered_at), ("First text", times.first_text_at), ("Over", times.closed_at))
    return tuple((name, duration(between(times.asked_at, at))) for name, at in seen)


def _cited(citations: tuple[Citation, ...]) -> Iterator[Reference]:
    for citation in citations:
        yield from citation.references
