"""What the panel shows of each kind of step."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    GuardrailSpan,
    ModelSpan,
    Parameter,
    Reference,
    RetrievalSpan,
    Span,
    ToolSpan,
)
from tracehub.web.pages import addresses
from tracehub.web.pages.prompts import completion_section, prompt_section
from tracehub.web.pages.sections import Finding, Findings, Link, Nothing, Passage, Passages, Section, Table
from tracehub.web.pages.short_names import tool_name
from tracehub.web.pages.texts import Source, as_json, beginning, cell, payload_section, text_section
from tracehub.web.pages.visible import one_line, visible


def sections_of(span: Span, trace_id: str, known: Mapping[str, str]) -> tuple[Section, ...]:
    """The sections in reading order; `known` are the sessions of traces that a step may link to."""
    source = Source(trace_id, span.span_id)
    match span:
        case ModelSpan():
            return tuple(_model(span, source))
        case ToolSpan():
            return tuple(_tool(span, source, known))
        case CodeSpan():
            return tuple(_code(span, source))
        case RetrievalSpan():
            return tuple(_retrieval(span, source))
        case GuardrailSpan():
            return tuple(_guardrail(span))
        case AgentSpan():
            return tuple(_agent(span, source))
        case CustomSpan():
            return tuple(_optional("Text", span.text, source, "text"))


def _model(span: ModelSpan, source: Source) -> Iterator[Section]:
    if span.rationale:
        yield text_section("Rationale", span.rationale, whole=source.whole("rationale"))
    elif span.phase == "orchestration" and span.output is not None:
        yield Nothing(title="Rationale", reason="The model gave none with this answer.")
    yield from _optional("Reasoning", span.reasoning, source, "reasoning")
    if span.output is not None:
        yield completion_section(span.output, source.whole("output"))
    else:
        yield Nothing(title="Completion", reason="Not in the trace: not reported, or the stream ended before it.")
    if span.parsed_output and span.parsed_output != span.output:
        yield text_section("As parsed", span.parsed_output, whole=source.whole("parsed_output"), folded=True)
    if span.input is not None:
        yield prompt_section(span.input, source.whole("input"))
    else:
        yield Nothing(title="Prompt", reason="Not in the trace.")


def _tool(span: ToolSpan, source: Source, known: Mapping[str, str]) -> Iterator[Section]:
    yield from _why(span.rationale, source)
    yield _facts(
        "Call",
        (
            ("Action group", span.action_group),
            ("Function", span.function),
            ("Operation", " ".join(part for part in (span.verb, span.api_path) if part) or None),
            (
                "Run by",
                {"LAMBDA": "Lambda", "RETURN_CONTROL": "the caller (return of control)"}.get(
                    span.execution_type or "", span.execution_type
                ),
            ),
            ("HTTP status", span.http_status),
            ("Response state", span.response_state),
            ("Confirmation", span.confirmation_state),
            ("Return of control", span.return_control_id),
        ),
    )
    if span.parameters:
        yield Table(title="Input", heads=("Name", "Type", "Value"), rows=tuple(_parameter(p) for p in span.parameters))
    if span.request_body is not None:
        yield payload_section("Request body", as_json(span.request_body), whole=source.whole("request_body"))
    if not span.parameters and span.request_body is None:
        yield Nothing(title="Input", reason="The call has no arguments.")
    if span.answered_by is not None and span.answered_by in known:
        yield Link(
            title="Answered by the caller",
            text="The turn that brought the result",
            href=addresses.turn(known[span.answered_by], span.answered_by),
        )
    if span.output is not None:
        yield payload_section("Output", span.output, whole=source.whole("output"))
    else:
        yield Nothing(title="Output", reason=_no_output(span))
    name = tool_name(span.name)[0]
    yield Link(title="Elsewhere", text=f"All calls of {one_line(name, 80)}", href=addresses.tool(span.name))


def _no_output(span: ToolSpan) -> str:
    if span.execution_type == "RETURN_CONTROL":
        return "Control went back to the caller; no answer with the result has been seen."
    return "Not in the trace: the call gave none, or the stream ended before it."


def _code(span: CodeSpan, source: Source) -> Iterator[Section]:
    yield from _why(span.rationale, source)
    if span.code is not None:
        yield text_section("Code", span.code, whole=source.whole("code"), code=True)
    if span.output is not None:
        yield payload_section("Output", span.output, whole=source.whole("output"))
    elif not span.execution_error:
        yield Nothing(title="Output", reason="The code printed nothing, or the stream ended before it.")
    if span.execution_error:
        yield text_section("Error", span.execution_error, whole=source.whole("execution_error"), code=True)
    files = [("in", name) for name in span.input_files] + [("out", name) for name in span.output_files]
    if files:
        yield Table(title="Files", heads=("", "Name"), rows=tuple((way, visible(name)) for way, name in files))


def _retrieval(span: RetrievalSpan, source: Source) -> Iterator[Section]:
    yield from _why(span.rationale, source)
    yield _facts("Lookup", (("Knowledge base", span.knowledge_base_id),))
    yield from _optional("Query", span.query, source, "query")
    if span.references is None:
        yield Nothing(title="References", reason="No result was reported.")
    elif not span.references:
        yield Nothing(title="References", reason="Zero hits: the knowledge base found nothing for this query.")
    else:
        passages = tuple(passage(number, found) for number, found in enumerate(span.references, 1))
        yield Passages(title=f"References · {len(passages)}", passages=passages)


def passage(number: int, found: Reference) -> Passage:
    """A retrieved passage for the panel; only web addresses become links."""
    location = found.location or "location not reported"
    return Passage(
        number,
        visible((found.location_type or "").lower()),
        beginning(location, 4_000),
        location if urlsplit_scheme(location) in ("http", "https") else None,
        beginning(found.text, 20_000) if found.text else None,
        beginning(as_json(found.metadata), 20_000) if found.metadata else None,
    )


def urlsplit_scheme(location: str) -> str:
    """The scheme of an address; empty where it is none."""
    try:
        return urlsplit(location).scheme
    except ValueError:
        return ""


def _guardrail(span: GuardrailSpan) -> Iterator[Section]:
    yield _facts("Assessment", (("Side", span.side), ("Action", span.action)))
    if not span.assessments:
        yield Nothing(title="Findings", reason="No policy found anything.")
        return
    yield Findings(
        title="Findings",
        heads=("Policy", "Name", "Type", "Action", "Confidence", "Match"),
        findings=tuple(
            Finding(
                values=tuple(
                    cell(value) for value in (found.policy, found.name, found.type, found.action, found.confidence)
                ),
                match=cell(found.match) if found.match else None,
            )
            for found in span.assessments
        ),
    )


def _agent(span: AgentSpan, source: Source) -> Iterator[Section]:
    if span.parent_id is not None:
        yield from _why(span.rationale, source)
        yield from _optional("Input", span.input, source, "input")
        yield from _optional("Output", span.output, source, "output")
    elif span.rationale:
        yield from _why(span.rationale, source)
    agent = span.agent
    yield _facts(
        "Agent",
        (
            ("Name", agent.name),
            ("Id", agent.agent_id or ("inline agent: it has none" if agent.inline else None)),
            ("Alias", agent.alias_id),
            ("Version", agent.version),
            ("ARN", agent.arn),
            ("Session", span.session_id),
        ),
    )
    if span.notes:
        yield Table(title="Notes", heads=("",), rows=tuple((visible(note),) for note in span.notes))


def _why(rationale: str | None, source: Source) -> Iterator[Section]:
    if rationale:
        yield text_section("Rationale", rationale, whole=source.whole("rationale"))
    else:
        yield Nothing(title="Rationale", reason="The trace has none for this call: the model gave none.")


def _optional(title: str, text: str | None, source: Source, name: str) -> Iterator[Section]:
    if text:
        yield text_section(title, text, whole=source.whole(name))


def _facts(title: str, values: tuple[tuple[str, object], ...]) -> Section:
    rows = tuple((name, cell(value)) for name, value in values if value is not None)
    if not rows:
        return Nothing(title=title, reason="The trace tells nothing of it.")
    return Table(title=title, heads=(), rows=rows)


def _parameter(parameter: Parameter) -> tuple[str, ...]:
    return cell(parameter.name), cell(parameter.type), cell(parameter.value)
