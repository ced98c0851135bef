"""What could not be delivered to a destination, and what waits with an error: each trace with its reason."""

from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from tracehub.model.export_rows import ExportRow, ExportState
from tracehub.store import destinations, export_outbox, traces
from tracehub.web.filters import BadQueryError
from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted
from tracehub.web.pages.moments import Moment, ago
from tracehub.web.pages.notices import told
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.paging import cursors_of, keys_of, read_cursor
from tracehub.web.reports.report import Tab

DONE = {"again": "{name} put in the queue."}
_STATES = {
    ExportState.REJECTED: ("✕ Rejected", "err"),
    ExportState.PARTIALLY_REJECTED: ("◐ Partly rejected", "warn"),
    ExportState.TOO_LARGE: ("✕ Too large", "err"),
    ExportState.EXPIRED: ("✕ Expired", "err"),
    ExportState.RETRYING: ("↻ Retrying", "warn"),
    ExportState.PENDING: ("○ Waiting", "mute"),
    ExportState.SENDING: ("● Sending", "ok"),
    ExportState.DELIVERED: ("✓ Delivered", "ok"),
}
_ENDED = (ExportState.REJECTED, ExportState.PARTIALLY_REJECTED, ExportState.TOO_LARGE, ExportState.EXPIRED)
_MOST_WAITING = 50


class UndeliveredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One trace there; `href` leads to it, None where it is gone."""

    trace_id: str
    href: str | None
    state: str
    tone: str
    at: Moment | None
    tries: str
    next: Moment | None
    reason: str


class UndeliveredPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of undelivered.html."""

    section: str = "destinations"
    title: str
    name: str
    send_again: str
    notice: str | None
    tabs: tuple[Tab, ...]
    rows: tuple[UndeliveredLine, ...]
    waits: bool
    older: str | None
    newer: str | None


def undelivered_page(connection: Connection, name: str, query: QueryParams, *, now: int, limit: int) -> UndeliveredPage:
    """What was given up, the latest first, or with `?state=waiting` what waits; NotFoundError where there is no such
    destination."""
    destinations.one(connection, name)
    address = f"{addresses.destination(name)}/undelivered"
    state = query.get("state", "")
    older = newer = None
    if state == "waiting":
        rows = export_outbox.waiting(connection, name, limit=_MOST_WAITING)
    else:
        cursor = keys_of(read_cursor(query.get("cursor"), hex_ids=True))
        found = export_outbox.failed(connection, name, states=_wanted(state), limit=limit, **cursor)
        rows = found.rows
        older, newer = (
            f"{address}?{urlencode({'state': state, 'cursor': word} if state else {'cursor': word})}" if word else None
            for word in cursors_of(found)
        )
    known = traces.among(connection, [row.trace_id for row in rows])
    sessions = {trace_id: row.session_id for trace_id, row in known.items()}
    return UndeliveredPage(
        title=f"Not delivered to {one_line(name, 60)}",
        name=one_line(name, 100),
        send_again=f"{addresses.destination(name)}/send-again",
        notice=told(query, DONE),
        tabs=_tabs(address, state),
        rows=tuple(_line(row, sessions.get(row.trace_id), now) for row in rows),
        waits=state == "waiting",
        older=older,
        newer=newer,
    )


def _wanted(state: str) -> tuple[ExportState, ...]:
    if not state:
        return ()
    for each in _ENDED:
        if each.value == state:
            return (each,)
    raise BadQueryError("state", f"waiting, or one of {', '.join(each.value for each in _ENDED)}")


def _tabs(address: str, state: str) -> tuple[Tab, ...]:
    ended = tuple(Tab(_STATES[each][0][2:], f"{address}?state={each.value}", state == each.value) for each in _ENDED)
    return (Tab("All", address, state == ""), *ended, Tab("Waiting", f"{address}?state=waiting", state == "waiting"))


def _line(row: ExportRow, session_id: str | None, now: int) -> UndeliveredLine:
    text, tone = _STATES[row.state]
    return UndeliveredLine(
        trace_id=row.trace_id,
        href=addresses.turn(session_id, row.trace_id) if session_id is not None else None,
        state=text,
        tone=tone,
        at=ago(row.failed_at or row.enqueued_at, now),
        tries=counted(row.attempts, "try", "tries"),
        next=ago(row.next_at, now),
        reason=visible(row.last_error or ""),
    )
