"""What the list of quarantined pieces shows."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.store import quarantine
from tracehub.web.pages.amounts import counted, size
from tracehub.web.pages.byte_preview import SHOWN, Preview, preview
from tracehub.web.pages.filter_bar import with_query
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.paging import read_cursor, write_cursor

DONE = {
    "read": "It could be read now: its traces are stored.",
    "unread": "It still cannot be read. It stays here, with the reason of this try.",
    "discarded": "It was discarded.",
}


class QuarantineLine(msgspec.Struct, frozen=True, kw_only=True):
    """One piece; `whole` tells whether all its bytes were kept."""

    received: Moment | None
    reason: str
    source: str
    size: str
    tries: str
    sha256: str
    short: str
    bytes_href: str
    shown: str
    preview: Preview


class QuarantinePage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of quarantine.html; `cursor` leads back to this page."""

    section: str = "quarantine"
    title: str = "Quarantine"
    notice: str | None
    rows: tuple[QuarantineLine, ...]
    cursor: str
    older: str | None
    newer: str | None


def quarantine_page(connection: Connection, query: QueryParams, *, now: int, limit: int) -> QuarantinePage:
    """The page of the list that the query string asks for."""
    cursor = read_cursor(query.get("cursor"), hex_ids=True)
    found = quarantine.page(connection, older_than=cursor.key if cursor else None, limit=limit)
    begin = quarantine.beginnings(connection, [row.sha256 for row in found.rows], SHOWN + 1)
    lines = tuple(
        QuarantineLine(
            received=ago(row.received_at, now),
            reason=visible(row.reason),
            source=one_line(row.source, 200),
            size=size(row.size),
            tries=counted(row.tries, "try", "tries"),
            sha256=row.sha256,
            short=row.sha256[:12],
            bytes_href=f"/api/v1/quarantine/{row.sha256}",
            shown=f"First {SHOWN} bytes" if row.size > SHOWN else "All its bytes",
            preview=preview(begin.get(row.sha256, b"")),
        )
        for row in found.rows
    )
    older = with_query("/quarantine", query, write_cursor(found.older, newer=False))
    return QuarantinePage(
        notice=_notice(query),
        rows=lines,
        cursor=query.get("cursor", "") if cursor else "",
        older=older,
        newer="/quarantine" if cursor else None,
    )


def tried_all(read: int, unread: int, cursor: str) -> str:
    """The address of the list after all pieces of a page were tried again."""
    values = {"done": "tried", "read": str(read), "unread": str(unread), "cursor": cursor}
    return f"/quarantine?{urlencode({name: value for name, value in values.items() if value})}"


def _notice(query: QueryParams) -> str | None:
    if query.get("done") != "tried":
        return told(query, DONE)
    read, unread = _number(query.get("read", "")), _number(query.get("unread", ""))
    return f"{counted(read, 'piece')} could be read now, {unread:,} still cannot be."


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 7 else 0
