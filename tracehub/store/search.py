"""Full-text search: what is searched of each trace, and which traces a query finds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import zstandard
from sqlalchemy import Boolean, ColumnElement, Connection, Row, delete, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from tracehub.model.search.query import Query
from tracehub.model.search.texts import SearchedText
from tracehub.model.search.tokens import VERSION
from tracehub.store import search_postgresql, search_sqlite
from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_new, is_sqlite
from tracehub.store.schema import DEFAULT_PROJECT, search_texts

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[SearchedText, ...])
_COLUMNS = ("project_id", "trace_id", "session_id", "document_id", "version", "texts")


class TraceMatches(ColumnElement[bool]):
    """A condition on a row of `traces`: it is one that the query finds."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, query: Query) -> None:
        self.query = query


class SessionMatches(ColumnElement[bool]):
    """A condition on a row of `sessions`: the query finds one of its traces that meets the other conditions too."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, query: Query, others: Sequence[ColumnElement[bool]]) -> None:
        self.query = query
        self.others = others


@compiles(TraceMatches, "sqlite")
def _trace_on_sqlite(element: TraceMatches, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(search_sqlite.trace_matches(element.query), **options)


@compiles(TraceMatches, "postgresql")
def _trace_on_postgresql(element: TraceMatches, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(search_postgresql.trace_matches(element.query), **options)


@compiles(SessionMatches, "sqlite")
def _session_on_sqlite(element: SessionMatches, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(search_sqlite.session_matches(element.query, element.others), **options)


@compiles(SessionMatches, "postgresql")
def _session_on_postgresql(element: SessionMatches, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(search_postgresql.session_matches(element.query, element.others), **options)


class Document(msgspec.Struct, frozen=True):
    """What is searched of one trace."""

    trace_id: str
    session_id: str
    texts: tuple[SearchedText, ...]


def replace(
    connection: Connection, stored: Iterable[str], documents: Iterable[Document], *, project: str = DEFAULT_PROJECT
) -> None:
    """Makes these what is searched of their traces, and of those in `stored` nothing else.

    What did not change is left alone.
    """
    packed = {(each.trace_id, each.session_id): (each.texts, _pack(each.texts)) for each in documents if each.texts}
    before = _rows(connection, stored, project)
    same = {
        (row.trace_id, row.session_id)
        for row in before
        if row.version == VERSION and packed.get((row.trace_id, row.session_id), ((), b""))[1] == row.texts
    }
    _remove(connection, [row for row in before if (row.trace_id, row.session_id) not in same], project)
    _add(connection, {key: content for key, content in packed.items() if key not in same}, project)


def remove(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Takes these traces out of what is searched."""
    _remove(connection, _rows(connection, trace_ids, project), project)


def clear(connection: Connection) -> None:
    """Takes everything out of what is searched, whatever state it is in."""
    connection.execute(delete(search_texts))
    if is_sqlite(connection):
        search_sqlite.clear(connection)
    else:
        search_postgresql.clear(connection)


def tidy(connection: Connection) -> None:
    """Makes the index small and quick after much was written; PostgreSQL does so by itself."""
    if is_sqlite(connection):
        search_sqlite.tidy(connection)


def texts(
    connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, tuple[SearchedText, ...]]:
    """What is searched of these traces; one of which nothing is searched is left out."""
    return {row.trace_id: _unpack(row.texts) for row in _rows(connection, trace_ids, project)}


def one_of_each(
    connection: Connection, query: Query, session_ids: Iterable[str], *, project: str = DEFAULT_PROJECT
) -> dict[str, str]:
    """For each of these sessions in which the query finds traces, one of them: that with the least id."""
    matches = (search_sqlite if is_sqlite(connection) else search_postgresql).text_matches(query)
    found: dict[str, str] = {}
    for chunk in in_chunks(session_ids):
        rank = func.row_number().over(partition_by=search_texts.c.session_id, order_by=search_texts.c.trace_id)
        ranked = (
            select(search_texts.c.session_id, search_texts.c.trace_id, rank.label("rank"))
            .where(search_texts.c.project_id == project, search_texts.c.session_id.in_(chunk), matches)
            .subquery()
        )
        first = select(ranked.c.session_id, ranked.c.trace_id).where(ranked.c.rank == 1)
        found.update({row.session_id: row.trace_id for row in connection.execute(first)})
    return found


def _rows(connection: Connection, trace_ids: Iterable[str], project: str) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for chunk in in_chunks(trace_ids):
        query = select(search_texts).where(search_texts.c.project_id == project, search_texts.c.trace_id.in_(chunk))
        found += connection.execute(query)
    return found


def _remove(connection: Connection, rows: Sequence[Row[Any]], project: str) -> None:
    trace_ids = [row.trace_id for row in rows]
    if is_sqlite(connection):
        known = ((row.document_id, _unpack(row.texts)) for row in rows if row.version == VERSION)
        search_sqlite.remove(connection, known)
    else:
        search_postgresql.remove(connection, project, trace_ids)
    for chunk in in_chunks(trace_ids):
        connection.execute(
            delete(search_texts).where(search_texts.c.project_id == project, search_texts.c.trace_id.in_(chunk))
        )


def _add(
    connection: Connection, packed: Mapping[tuple[str, str], tuple[tuple[SearchedText, ...], bytes]], project: str
) -> None:
    if not packed:
        return
    first = None
    if is_sqlite(connection):
        first = search_sqlite.next_document(connection)
        search_sqlite.add(connection, enumerate((texts for texts, _ in packed.values()), first))
    else:
        search_postgresql.add(connection, project, ((trace, packed[trace, session][0]) for trace, session in packed))
    rows = [
        (project, bytes.fromhex(trace), session, None if first is None else first + place, VERSION, data)
        for place, ((trace, session), (_, data)) in enumerate(packed.items())
    ]
    insert_new(connection, search_texts, _COLUMNS, rows)


def _pack(texts: Sequence[SearchedText]) -> bytes:
    return zstandard.compress(_ENCODER.encode(texts))


def _unpack(data: bytes) -> tuple[SearchedText, ...]:
    return _DECODER.decode(zstandard.decompress(data))
