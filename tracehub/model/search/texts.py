"""Which texts of a trace are searched, and under which field: what people said and agents did, not the prompts.

Of a text the first MOST_CHARACTERS are searched, of a whole trace the first MOST_OF_A_TRACE. A text that stands twice
under one field of a trace counts once, where it stands first.
"""

import re
from collections.abc import Iterator

import msgspec

from tracehub.model.search.query import Field
from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    GuardrailSpan,
    ModelSpan,
    Reference,
    RetrievalSpan,
    Span,
    ToolSpan,
)
from tracehub.model.trace import Trace

MOST_CHARACTERS = 64 * 1024
MOST_OF_A_TRACE = 4 * 1024 * 1024

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class SearchedText(msgspec.Struct, frozen=True, array_like=True):
    """One text as it is searched, and the span it stands in."""

    span_id: str
    field: Field
    text: str


def searched_texts(trace: Trace) -> Iterator[SearchedText]:
    """The trace's texts in the order of its spans."""
    seen: set[tuple[Field, str]] = set()
    left = MOST_OF_A_TRACE
    for span in trace.spans:
        for field, text in (*_texts(span), *_ends(span, trace)):
            if not text or (field, text) in seen:
                continue
            seen.add((field, text))
            readable = _unescaped(text[: min(left, MOST_CHARACTERS)])
            left -= len(readable)
            yield SearchedText(span.span_id, field, readable)
            if left <= 0:
                return


def _ends(span: Span, trace: Trace) -> Iterator[tuple[Field, str | None]]:
    """What went wrong in the span; what the answer cites belongs to the trace's first."""
    if span.error:
        yield Field.ERROR, span.error.type
        yield Field.ERROR, span.error.text
    if span is trace.spans[0]:
        if trace.error:
            yield Field.ERROR, trace.error.type
            yield Field.ERROR, trace.error.text
        for citation in trace.citations:
            yield from _references(citation.references)


def _texts(span: Span) -> Iterator[tuple[Field, str | None]]:
    match span:
        case AgentSpan():
            yield Field.RATIONALE, span.rationale
            yield Field.QUESTION, span.input
            yield Field.ANSWER, span.output
        case ModelSpan():
            yield Field.RATIONALE, span.rationale
            yield Field.RATIONALE, span.reasoning
        case ToolSpan():
            yield Field.RATIONALE, span.rationale
            yield Field.OTHER, span.tool
            yield Field.TOOL_INPUT, "\n".join(f"{each.name}={each.value or ''}" for each in span.parameters)
            yield Field.TOOL_INPUT, _json(span.request_body)
            yield Field.TOOL_OUTPUT, span.output
        case CodeSpan():
            yield Field.RATIONALE, span.rationale
            yield Field.CODE, span.code
            yield Field.CODE, span.output
            yield Field.ERROR, span.execution_error
        case RetrievalSpan():
            yield Field.RATIONALE, span.rationale
            yield Field.QUERY, span.query
            yield from _references(span.references or ())
        case GuardrailSpan():
            for finding in span.assessments:
                yield Field.OTHER, finding.name or finding.type
        case CustomSpan():
            yield Field.OTHER, span.text


def _references(references: tuple[Reference, ...]) -> Iterator[tuple[Field, str | None]]:
    for reference in references:
        yield Field.REFERENCE, reference.text
        yield Field.REFERENCE, reference.location


def _json(value: dict[str, object] | None) -> str | None:
    if value is None:
        return None
    try:
        return msgspec.json.encode(value).decode("utf-8", "replace")
    except (RecursionError, msgspec.EncodeError, UnicodeEncodeError):
        return repr(value)


def _unescaped(text: str) -> str:
    r"""JSON's strings as they are meant: \\n would grow into the next word, and \\u9000 would be no word at all."""
    if "\\" in text and text.lstrip()[:1] in ("{", "[", '"'):
        text = _ESCAPE.sub(_meant, text)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _meant(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " "}.get(found[2], found[2])
