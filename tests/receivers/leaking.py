"""Finds in what a back end stored what people, models and tools said."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from tracehub.model.span import AgentSpan, CodeSpan, CustomSpan, ModelSpan, RetrievalSpan, Span, ToolSpan
from tracehub.model.trace import Trace

# Shorter ones may be names, ids or words of ours.
_LEAST, _LOOKED_FOR = 24, 60


def leaked(traces: Iterable[Trace], stored: str) -> set[str]:
    """The texts of the traces whose beginnings stand in `stored`, as they are or as JSON writes them."""
    return {text for text in _said(traces) if any(form in stored for form in _forms(text[:_LOOKED_FOR]))}


def texts_of(database: Path) -> str:
    """All texts of all tables of a SQLite database."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(
            cell if isinstance(cell, str) else cell.decode("utf-8", "replace")
            for table in tables
            for row in connection.execute(f'SELECT * FROM "{table}"')
            for cell in row
            if isinstance(cell, str | bytes)
        )


def _said(traces: Iterable[Trace]) -> set[str]:
    found = {text for trace in traces for text in _texts(trace)}
    # What AWS told of a failed call is no content.
    public = {trace.error.text for trace in traces if trace.error is not None}
    return {text for text in found - public if len(text) >= _LEAST and " " in text.strip()}


def _texts(trace: Trace) -> Iterator[str]:
    said = [trace.question, trace.answer, *(citation.text for citation in trace.citations)]
    said += [text for span in trace.spans for text in _texts_of(span)]
    yield from (text for text in said if text)


def _texts_of(span: Span) -> list[str | None]:
    match span:
        case AgentSpan():
            return [span.input, span.output, span.rationale, *span.notes]
        case ModelSpan():
            return [span.input, span.output, span.parsed_output, span.rationale, span.reasoning]
        case ToolSpan():
            return [span.output, span.rationale, *(parameter.value for parameter in span.parameters)]
        case CodeSpan():
            return [span.code, span.output, span.execution_error, span.rationale]
        case RetrievalSpan():
            return [span.query, span.rationale, *(reference.text for reference in span.references or ())]
        case CustomSpan():
            return [span.text]
        case _:
            return []


def _forms(text: str) -> Iterator[str]:
    yield text
    # A quotation inside a quotation is written twice.
    once = json.dumps(text, ensure_ascii=False)[1:-1]
    yield from (once, json.dumps(text)[1:-1], json.dumps(once)[1:-1], json.dumps(once, ensure_ascii=False)[1:-1])
