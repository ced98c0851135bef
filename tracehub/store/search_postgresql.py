"""The search index on PostgreSQL: tsvectors made from the tokens, whose first letter names the field.

A tsvector holds 16,383 positions, 255 of one lexeme, and 1 MB. A trace with more has several rows, which overlap by the
longest phrase that can be asked for; so a phrase is found wherever it stands.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Tuple,
    and_,
    cast,
    delete,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from tracehub.model.search.query import MOST_TOKENS, Field, Query, Term
from tracehub.model.search.texts import SearchedText
from tracehub.model.search.tokens import tokens
from tracehub.store.chunks import in_chunks
from tracehub.store.schema import HexId, search_texts, sessions, traces

MOST_POSITIONS = 16_000
MOST_OF_ONE = 250
MOST_BYTES = 500_000

# On SQLite a virtual table has this name, so it is none of the metadata that both share.
search_index = Table(
    "search_index",
    MetaData(),
    Column("project_id", String(64), primary_key=True),
    Column("trace_id", HexId, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("lexemes", TSVECTOR, nullable=False),
)

_LETTERS = {
    Field.QUESTION: "q",
    Field.ANSWER: "a",
    Field.RATIONALE: "r",
    Field.TOOL_INPUT: "i",
    Field.TOOL_OUTPUT: "o",
    Field.REFERENCE: "f",
    Field.ERROR: "e",
    Field.CODE: "c",
    Field.QUERY: "k",
    Field.OTHER: "x",
}


def add(connection: Connection, project: str, documents: Iterable[tuple[str, Sequence[SearchedText]]]) -> None:
    """Indexes traces that are not in the index."""
    rows = [
        (project, bytes.fromhex(trace_id), part, lexemes)
        for trace_id, texts in documents
        for part, lexemes in enumerate(tsvectors(texts))
    ]
    if rows:
        connection.exec_driver_sql("INSERT INTO search_index VALUES (%s, %s, %s, %s::tsvector)", rows)


def remove(connection: Connection, project: str, trace_ids: Iterable[str]) -> None:
    """Takes traces out of the index."""
    for chunk in in_chunks(trace_ids):
        connection.execute(
            delete(search_index).where(search_index.c.project_id == project, search_index.c.trace_id.in_(chunk))
        )


def clear(connection: Connection) -> None:
    """Empties the index."""
    connection.execute(delete(search_index))


def trace_matches(query: Query) -> ColumnElement[bool]:
    """Whether a row of `traces` is found."""
    return _found(tuple_(traces.c.project_id, traces.c.trace_id), query)


def text_matches(query: Query) -> ColumnElement[bool]:
    """Whether a row of `search_texts` is found."""
    return _found(tuple_(search_texts.c.project_id, search_texts.c.trace_id), query)


def _found(key: Tuple, query: Query) -> ColumnElement[bool]:
    """Terms may stand in different rows of the index, so each is looked up by itself."""
    return and_(
        *(key.in_(_holding(term)) for term in query.wanted), *(key.not_in(_holding(term)) for term in query.unwanted)
    )


def session_matches(query: Query, others: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether a row of `sessions` has a trace that is found and meets the other conditions."""
    found = select(traces.c.project_id, traces.c.session_id).where(trace_matches(query), *others)
    return tuple_(sessions.c.project_id, sessions.c.session_id).in_(found)


def tsvectors(texts: Sequence[SearchedText]) -> Iterator[str]:
    """The texts as PostgreSQL reads tsvectors, as many as are needed."""
    row = _Row()
    for each in texts:
        letter = _LETTERS[each.field]
        lexemes = [letter + token for token in tokens(each.text)]
        start = 0
        while (end := row.take(lexemes, start)) < len(lexemes):
            yield row.lexemes()
            row = _Row()
            start = max(0, end - MOST_TOKENS + 1)
        row.gap()
    if row.taken:
        yield row.lexemes()


class _Row:
    """One tsvector as it grows."""

    def __init__(self) -> None:
        self.taken: dict[str, list[int]] = {}
        self._position = 0
        self._bytes = 0

    def take(self, lexemes: Sequence[str], start: int) -> int:
        """Takes lexemes from `start` on; where it had to stop."""
        for place in range(start, len(lexemes)):
            lexeme = lexemes[place]
            positions = self.taken.get(lexeme)
            if positions is None:
                self._bytes += len(lexeme.encode()) + 8
                positions = self.taken[lexeme] = []
            if self._position >= MOST_POSITIONS or len(positions) >= MOST_OF_ONE or self._bytes >= MOST_BYTES:
                return place
            self._position += 1
            self._bytes += 2
            positions.append(self._position)
        return len(lexemes)

    def gap(self) -> None:
        """No phrase reaches from one text into the next."""
        self._position += 1

    def lexemes(self) -> str:
        """Tokens hold letters, marks and digits alone, so quoting them is enough."""
        return " ".join(f"'{lexeme}':{','.join(map(str, places))}" for lexeme, places in self.taken.items() if places)


def _holding(term: Term) -> Select[tuple[str, str]]:
    asked = cast(literal(_tsquery(term), String), TSQUERY)
    return select(search_index.c.project_id, search_index.c.trace_id).where(search_index.c.lexemes.bool_op("@@")(asked))


def _tsquery(term: Term) -> str:
    letters = [_LETTERS[term.field]] if term.field else _LETTERS.values()
    return " | ".join(_phrase(letter, term) for letter in letters)


def _phrase(letter: str, term: Term) -> str:
    words = [f"'{letter}{token}'" for token in term.tokens]
    if term.prefix:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})"
