"""What the list of quarantined pieces shows."""

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.store import quarantine
from tracehub.web.pages.amounts import count, size
from tracehub.web.pages.filter_bar import with_query
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.paging import read_cursor, write_cursor


class QuarantineLine(msgspec.Struct, frozen=True, kw_only=True):
    """One piece."""

    received: Moment | None
    reason: str
    source: str
    size: str
    tries: str
    sha256: str
    short: str


class QuarantinePage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of quarantine.html."""

    section: str = "quarantine"
    title: str = "Quarantine"
    rows: tuple[QuarantineLine, ...]
    older: str | None
    newer: str | None


def quarantine_page(connection: Connection, query: QueryParams, *, now: int, limit: int) -> QuarantinePage:
    """The page of the list that the query string asks for."""
    cursor = read_cursor(query.get("cursor"), hex_ids=True)
    found = quarantine.page(connection, older_than=cursor.key if cursor else None, limit=limit)
    lines = tuple(
        QuarantineLine(
            received=ago(row.received_at, now),
            reason=visible(row.reason),
            source=one_line(row.source, 200),
            size=size(row.size),
            tries=count(row.tries),
            sha256=row.sha256,
            short=row.sha256[:12],
        )
        for row in found.rows
    )
    older = with_query("/quarantine", query, write_cursor(found.older, newer=False))
    return QuarantinePage(rows=lines, older=older, newer="/quarantine" if cursor else None)
