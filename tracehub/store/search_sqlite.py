"""The search index on SQLite: FTS5 without content, one document per trace with a column per field.

Its documents are tokens joined by spaces, so that its own tokenizer has nothing to decide. A document is deleted by
naming the tokens it was made of. Ids only ever grow: one whose tokens are not known any more stays in the index, where
nothing leads to it.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    case,
    column,
    exists,
    func,
    literal,
    select,
    table,
    true,
)

from tracehub.model.search.query import Field, Query, Term
from tracehub.model.search.texts import SearchedText
from tracehub.model.search.tokens import tokens
from tracehub.store.schema import search_texts, sessions, traces

MANY = 20_000

# No token is a sign, so no phrase reaches from one text into the next.
_BETWEEN_TEXTS = " ¶ "
_INDEX = table("search_index", column("rowid", Integer), column("search_index", String))
_SAME_TRACE = (search_texts.c.project_id == traces.c.project_id) & (search_texts.c.trace_id == traces.c.trace_id)
_COLUMNS = ", ".join(Field)
_MARKS = ", ".join("?" * len(Field))


def next_document(connection: Connection) -> int:
    """An id that no document has or had while another one is there."""
    newest = connection.exec_driver_sql("SELECT rowid FROM search_index ORDER BY rowid DESC LIMIT 1").scalar()
    return int(newest or 0) + 1


def add(connection: Connection, documents: Iterable[tuple[int, Sequence[SearchedText]]]) -> None:
    """Indexes documents under new ids."""
    rows = [(document_id, *_document(texts)) for document_id, texts in documents]
    if rows:
        connection.exec_driver_sql(f"INSERT INTO search_index (rowid, {_COLUMNS}) VALUES (?, {_MARKS})", rows)  # noqa: S608


def remove(connection: Connection, documents: Iterable[tuple[int, Sequence[SearchedText]]]) -> None:
    """Takes documents out of the index; the texts are those they were made of, by the same tokenizer."""
    rows = [("delete", document_id, *_document(texts)) for document_id, texts in documents]
    if rows:
        connection.exec_driver_sql(
            f"INSERT INTO search_index (search_index, rowid, {_COLUMNS}) VALUES (?, ?, {_MARKS})",  # noqa: S608
            rows,
        )


def clear(connection: Connection) -> None:
    """Empties the index."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('delete-all')")


def tidy(connection: Connection) -> None:
    """Makes the index as small and quick as it can be."""
    connection.exec_driver_sql("INSERT INTO search_index (search_index) VALUES ('optimize')")


def trace_matches(query: Query) -> ColumnElement[bool]:
    """Whether a row of `traces` is found."""
    among = select(search_texts.c.trace_id).where(search_texts.c.document_id.in_(_documents(query)))
    itself = select(1).where(_SAME_TRACE, text_matches(query))
    return _many_or(query, traces.c.trace_id.in_(among)) & exists(itself.correlate(traces))


def session_matches(query: Query, others: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether a row of `sessions` has a trace that is found and meets the other conditions."""
    texts = search_texts.join(traces, _SAME_TRACE) if others else search_texts
    among = select(search_texts.c.session_id).where(search_texts.c.document_id.in_(_documents(query)))
    of_session = (
        search_texts.c.project_id == sessions.c.project_id,
        search_texts.c.session_id == sessions.c.session_id,
    )
    itself = select(1).select_from(texts).where(*of_session, text_matches(query), *others)
    return _many_or(query, sessions.c.session_id.in_(among)) & exists(itself.correlate(sessions))


def text_matches(query: Query) -> ColumnElement[bool]:
    """Whether a row of `search_texts` is found.

    Adding nothing to its id keeps SQLite from going through all documents to find the few that are asked about.
    """
    return (search_texts.c.document_id + 0).in_(_documents(query))


def _many_or(query: Query, among_the_few: ColumnElement[bool]) -> ColumnElement[bool]:
    """Few documents are all looked up, so that other rows need not be asked; with many a page is soon full anyway.

    One column is compared alone: SQLite goes through the whole list for each pair of columns that is not in it.
    """
    some = select(_INDEX.c.rowid).where(_matches(query)).limit(MANY).subquery()
    return case((select(func.count()).select_from(some).scalar_subquery() >= MANY, true()), else_=among_the_few)


def _documents(query: Query) -> Select[tuple[int]]:
    return select(_INDEX.c.rowid).where(_matches(query))


def _matches(query: Query) -> ColumnElement[bool]:
    return _INDEX.c.search_index.bool_op("MATCH")(literal(_match(query)))


def _match(query: Query) -> str:
    """The query as FTS5 reads it. Tokens hold letters, marks and digits alone, so quoting them is enough."""
    wanted = " AND ".join(_phrase(term) for term in query.wanted)
    return " NOT ".join((f"({wanted})", *(_phrase(term) for term in query.unwanted)))


def _phrase(term: Term) -> str:
    only = f"{term.field} : " if term.field else ""
    return f'({only}"{" ".join(term.tokens)}"{" *" if term.prefix else ""})'


def _document(texts: Sequence[SearchedText]) -> list[str | None]:
    found: dict[Field, list[str]] = {}
    for each in texts:
        found.setdefault(each.field, []).append(" ".join(tokens(each.text)))
    return [_BETWEEN_TEXTS.join(found[field]) if field in found else None for field in Field]
