"""Goes through everything that a filter matches, page by page, each on a connection of its own.

What is written meanwhile may or may not be seen; nothing is given twice.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection

from tracehub.model.listing import Filter, Key, Page, SessionOrder, SessionRow, SpanRow, TraceRow
from tracehub.store import sessions, spans, traces

AT_ONCE = 500
Row = TypeVar("Row")
Reading = Callable[[], AbstractContextManager[Connection]]


def every_session(reading: Reading, filter: Filter, order: SessionOrder) -> Iterator[SessionRow]:
    """The matching sessions in their order."""

    def page(older_than: Key | None) -> Page[SessionRow]:
        with reading() as connection:
            return sessions.page(connection, filter, older_than=older_than, limit=AT_ONCE, order=order)

    for found in _pages(page):
        yield from found


def every_trace(reading: Reading, filter: Filter) -> Iterator[tuple[TraceRow, ...]]:
    """The matching traces, the latest first, some at a time."""

    def page(older_than: Key | None) -> Page[TraceRow]:
        with reading() as connection:
            return traces.page(connection, filter, older_than=older_than, limit=AT_ONCE)

    return _pages(page)


def every_span(reading: Reading, filter: Filter, kinds: tuple[str, ...]) -> Iterator[tuple[TraceRow, SpanRow]]:
    """The spans of the matching traces, the latest trace first and each in pre-order; of these kinds, if any."""
    for rows in every_trace(reading, filter):
        with reading() as connection:
            found = spans.of_traces(connection, [row.trace_id for row in rows])
        for row in rows:
            for span in found.get(row.trace_id, ()):
                if not kinds or span.kind in kinds:
                    yield row, span


def _pages(page: Callable[[Key | None], Page[Row]]) -> Iterator[tuple[Row, ...]]:
    older_than: Key | None = None
    while True:
        found = page(older_than)
        if found.rows:
            yield found.rows
        if found.older is None:
            return
        older_than = found.older
