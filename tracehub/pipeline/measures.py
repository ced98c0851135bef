"""What is counted of a span beside its texts: sizes, results, what the answer cites, which policies stepped in."""

import orjson

from tracehub.model.span import CodeSpan, GuardrailSpan, Reference, RetrievalSpan, Span, ToolSpan
from tracehub.model.trace import Trace
from tracehub.store.text import clean

_POLICIES = 200
# In the order of the columns: policies, input_bytes, output_bytes, results, cited.
Measures = tuple[str | None, int | None, int | None, int | None, int | None]
Cited = frozenset[tuple[str | None, str | None]] | None


def between(began: int | None, ended: int | None) -> int | None:
    """How long from one moment to the other; None where either is unknown."""
    return None if began is None or ended is None else ended - began


def cited_by(trace: Trace) -> Cited:
    """The passages that the answer cites; None where there is no answer that could cite any."""
    if trace.answer is None:
        return None
    return frozenset(_passage(found) for citation in trace.citations for found in citation.references)


def measured(span: Span, cited: Cited) -> Measures:
    """The measures of one span; None is unknown, or nothing that this kind of span has."""
    match span:
        case ToolSpan():
            return (None, _size_of_input(span), _size(span.output), None, None)
        case CodeSpan():
            return (None, _size(span.code), _size(span.output), None, None)
        case RetrievalSpan(references=None):
            return (None, _size(span.query), None, None, None)
        case RetrievalSpan(references=found):
            passages = [_passage(reference) for reference in found or ()]
            in_answer = None if cited is None else sum(passage in cited for passage in passages)
            return (None, _size(span.query), None, len(passages), in_answer)
        case GuardrailSpan(action="INTERVENED"):
            acted = {finding.policy for finding in span.assessments if finding.action not in (None, "NONE")}
            return (clean(",".join(sorted(acted)), _POLICIES), None, None, None, None)
        case _:
            return (None, None, None, None, None)


def _size_of_input(span: ToolSpan) -> int | None:
    """What a tool is given: its arguments' values and its request body."""
    values = sum(_size(parameter.value) or 0 for parameter in span.parameters)
    body = 0 if span.request_body is None else len(orjson.dumps(span.request_body))
    return values + body


def _size(text: str | None) -> int | None:
    return None if text is None else len(text.encode("utf-8", "replace"))


def _passage(reference: Reference) -> tuple[str | None, str | None]:
    return (reference.location, reference.text)
