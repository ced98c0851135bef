"""The rows of spans: what timelines and statistics show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from tracehub.model.listing import SpanRow
from tracehub.model.span import Outcome
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_new
from tracehub.store.schema import DEFAULT_PROJECT, spans

_FIELDS = SpanRow.__struct_fields__
_COLUMNS = [spans.c[name] for name in _FIELDS]
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def of_traces(
    connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, tuple[SpanRow, ...]]:
    """The spans of each trace in pre-order; a trace without any is left out."""
    found: defaultdict[str, list[SpanRow]] = defaultdict(list)
    for chunk in in_chunks(trace_ids):
        query = select(*_COLUMNS).where(spans.c.project_id == project, spans.c.trace_id.in_(chunk))
        for row in connection.execute(query.order_by(spans.c.trace_id, spans.c.seq)):
            found[row.trace_id].append(_row(row))
    return {trace_id: tuple(rows) for trace_id, rows in found.items()}


def ids_of_traces(
    connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, list[str]]:
    """The ids of the spans of each of these traces."""
    found: dict[str, list[str]] = {}
    for chunk in in_chunks(trace_ids):
        query = select(spans.c.trace_id, spans.c.span_id).where(
            spans.c.project_id == project, spans.c.trace_id.in_(chunk)
        )
        for row in connection.execute(query):
            found.setdefault(row.trace_id, []).append(row.span_id)
    return found


def remove(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Deletes the spans of these traces."""
    for chunk in in_chunks(trace_ids):
        connection.execute(delete(spans).where(spans.c.project_id == project, spans.c.trace_id.in_(chunk)))


def add(connection: Connection, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Writes the rows of spans that have none; values in the driver's types, see `dialect.insert_new`."""
    insert_new(connection, spans, columns, rows)


def _row(row: Row[Any]) -> SpanRow:
    values = dict(zip(_FIELDS, row, strict=True))
    values["outcome"] = _OUTCOMES[values["outcome"]]
    return SpanRow(**values)
