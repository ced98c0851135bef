"""Keyset pages: newest first, from a key on, in either direction."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, literal, tuple_

from tracehub.model.listing import Key, Page

T = TypeVar("T")


def keyset_page(
    connection: Connection,
    query: Select[Any],
    columns: tuple[ColumnElement[int], ColumnElement[str]],
    *,
    row: Callable[[Row[Any]], T],
    key: Callable[[T], Key],
    older_than: Key | None = None,
    newer_than: Key | None = None,
    limit: int,
) -> Page[T]:
    """The page of `query` beside a key (the newest where none is given), ordered by `columns` descending."""
    if newer_than:
        query = query.where(tuple_(*columns) > _position(columns, newer_than)).order_by(*(c.asc() for c in columns))
    else:
        query = query.order_by(*(c.desc() for c in columns))
        if older_than:
            query = query.where(tuple_(*columns) < _position(columns, older_than))
    found = [row(item) for item in connection.execute(query.limit(limit + 1))]
    beyond = len(found) > limit
    rows = tuple(found[:limit])
    if not rows:
        return Page(rows=(), older=None, newer=None)
    if newer_than:
        rows = rows[::-1]
        return Page(rows=rows, older=key(rows[-1]), newer=key(rows[0]) if beyond else None)
    return Page(rows=rows, older=key(rows[-1]) if beyond else None, newer=key(rows[0]) if older_than else None)


def _position(columns: tuple[ColumnElement[int], ColumnElement[str]], key: Key) -> ColumnElement[Any]:
    return tuple_(literal(key.value, columns[0].type), literal(key.id, columns[1].type))
