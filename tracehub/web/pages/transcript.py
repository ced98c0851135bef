"""Turns as Markdown, for a ticket or a chat: text of traces stands in code, so that it stays text."""

import re
from collections.abc import Iterable, Iterator

from tracehub.model.span import AgentSpan, ModelSpan, Span
from tracehub.model.trace import Trace
from tracehub.web.pages.durations import between, duration, offset
from tracehub.web.pages.labels import KINDS, OUTCOMES
from tracehub.web.pages.moments import exact
from tracehub.web.pages.short_names import model_name, tool_name
from tracehub.web.pages.visible import one_line, visible

MOST_STEPS = 500
_LONGEST = 20_000
_TICKS = re.compile("`+")


def turn_markdown(trace: Trace, number: int | None = None) -> str:
    """One turn: its question, its steps with their reasons, its answer."""
    return "\n".join(_turn(trace, number)) + "\n"


def session_markdown(session_id: str, traces: Iterable[tuple[int, Trace]], left_out: str | None) -> str:
    """The turns of a session; `left_out` says what of it is not here."""
    head = [f"# Session {_code(session_id)}", "", *([f"{left_out}.", ""] if left_out else [])]
    return "\n".join(head) + "\n" + "\n".join(turn_markdown(trace, number) for number, trace in traces)


def _turn(trace: Trace, number: int | None) -> Iterator[str]:
    started = exact(trace.started_at)
    yield f"## Turn {number if number else _code(trace.trace_id)}"
    yield ""
    yield f"* Trace: {_code(trace.trace_id)}"
    yield f"* Session: {_code(trace.session_id) if trace.session_id else 'not reported'}"
    yield f"* Agent: {_code(trace.agent.name or trace.agent.agent_id or 'not reported')}"
    yield f"* Started: {started.text if started else 'not reported'}"
    yield f"* Duration: {duration(between(trace.started_at, trace.ended_at))}"
    yield f"* Outcome: {OUTCOMES[trace.outcome]}"
    if trace.error is not None:
        yield f"* Error, {trace.error.source}: {_code(trace.error.type)}"
    yield from _said("Question", trace.question)
    steps = trace.spans[1:]
    if steps:
        yield from ("", "### Steps", "")
        yield from (_step(trace, span) for span in steps[:MOST_STEPS])
    if len(steps) > MOST_STEPS:
        yield f"* {len(steps) - MOST_STEPS:,} more steps"
    yield from _said("Answer", trace.answer)


def _said(title: str, text: str | None) -> Iterator[str]:
    yield from ("", f"### {title}", "")
    if text is None:
        yield "Not in the trace."
        return
    fence = _fence(text, 3)
    yield from (fence, visible(text[:_LONGEST]), fence)
    if len(text) > _LONGEST:
        yield f"This is its beginning: it has {len(text):,} characters."


def _step(trace: Trace, span: Span) -> str:
    lasted = duration(between(span.started_at, span.ended_at))
    when = offset(between(trace.started_at, span.started_at))
    line = f"* {when} {KINDS[_kind(span)]} {_code(_name(span))} ({lasted})"
    if span.error is not None:
        line += f", error {span.error.source}: {_code(span.error.text or span.error.type)}"
    why = None if isinstance(span, ModelSpan | AgentSpan) else getattr(span, "rationale", None)
    return f"{line}, because {_code(why)}" if why else line


def _name(span: Span) -> str:
    if isinstance(span, ModelSpan):
        return model_name(span.model_id)
    return tool_name(span.name)[0]


def _kind(span: Span) -> str:
    return str(type(span).__struct_config__.tag)


def _code(text: str) -> str:
    """The text on one line as code."""
    line = one_line(text, 300)
    if not line:
        return "``"
    fence = _fence(line, 1)
    return f"{fence} {line} {fence}" if line[0] == "`" or line[-1] == "`" else f"{fence}{line}{fence}"


def _fence(text: str, least: int) -> str:
    """More backticks in a row than the text has anywhere."""
    longest = max((len(found) for found in _TICKS.findall(text)), default=0)
    return "`" * max(longest + 1, least)
