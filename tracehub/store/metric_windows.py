"""Windows of metrics: which are counted, and what of them is still to be sent."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from tracehub.store.dialect import insert
from tracehub.store.schema import DEFAULT_PROJECT, export_metric_windows
from tracehub.store.text import clean

_MARK = ""
_ERROR = 1000
_table = export_metric_windows.c


class WindowState(StrEnum):
    """Of a request that was taken there is no row. UNSURE ones may or may not have been taken, and are not sent again,
    as they would count twice; REJECTED and EXPIRED ones were not taken and never will be."""

    COUNTED = "counted"
    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Mark(msgspec.Struct, frozen=True):
    """The newest window that is counted (minutes since 1970 UTC, its end), with what was written until `read_until`."""

    window: int
    read_until: int


class WindowRow(msgspec.Struct, frozen=True):
    """One request of a window; `payload` is gone where it will never be sent."""

    window: int
    destination: str
    part: int
    state: WindowState
    payload: bytes | None
    tries: int
    retry_at: int
    error: str | None


def mark(connection: Connection, *, project: str = DEFAULT_PROJECT) -> Mark | None:
    """The newest mark; None where no window was ever counted."""
    query = select(_table.window_minute, _table.read_until).where(
        _table.project_id == project, _table.destination == _MARK
    )
    found = connection.execute(query.order_by(_table.window_minute.desc()).limit(1)).first()
    return None if found is None else Mark(found.window_minute, found.read_until)


def close(
    connection: Connection,
    counted: Mark,
    requests: Sequence[tuple[str, Sequence[bytes]]],
    *,
    project: str = DEFAULT_PROJECT,
) -> None:
    """Ends a window: the requests for each destination wait to be sent, and the mark moves."""
    these = (_table.project_id == project, _table.destination == _MARK)
    connection.execute(delete(export_metric_windows).where(*these))
    rows: list[dict[str, object]] = [
        _row(project, counted.window, destination, part, WindowState.WAITING, payload=payload)
        for destination, payloads in requests
        for part, payload in enumerate(payloads)
    ]
    rows.append(_row(project, counted.window, _MARK, 0, WindowState.COUNTED, read_until=counted.read_until))
    connection.execute(insert(connection, export_metric_windows), rows)


def due(connection: Connection, now: int, limit: int, *, project: str = DEFAULT_PROJECT) -> tuple[WindowRow, ...]:
    """Requests that are to be sent now, the oldest first; none for a destination whose oldest has to wait."""
    waiting = (_table.project_id == project, _table.state == WindowState.WAITING.value)
    later = select(_table.destination).where(*waiting, _table.retry_at > now)
    query = select(export_metric_windows).where(*waiting, _table.destination.not_in(later))
    found = connection.execute(query.order_by(_table.window_minute, _table.destination, _table.part).limit(limit))
    return tuple(map(_window, found))


def sending(connection: Connection, row: WindowRow, *, project: str = DEFAULT_PROJECT) -> None:
    """Notes, before it is done, that a request is sent."""
    values = {"state": WindowState.SENDING.value, "tries": row.tries + 1}
    connection.execute(update(export_metric_windows).where(_this(row, project)).values(values))


def interrupted(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[WindowRow, ...]:
    """Requests of whose sending nobody noted the end."""
    query = select(export_metric_windows).where(_table.project_id == project, _table.state == WindowState.SENDING.value)
    return tuple(map(_window, connection.execute(query)))


def taken(connection: Connection, row: WindowRow, *, project: str = DEFAULT_PROJECT) -> None:
    """The receiver has it."""
    connection.execute(delete(export_metric_windows).where(_this(row, project)))


def again(
    connection: Connection, row: WindowRow, payload: bytes, retry_at: int, error: str, *, project: str = DEFAULT_PROJECT
) -> None:
    """The request, as `payload` has it now, is sent again then."""
    values = {
        "state": WindowState.WAITING.value,
        "payload": payload,
        "retry_at": retry_at,
        "error": clean(error, _ERROR),
    }
    connection.execute(update(export_metric_windows).where(_this(row, project)).values(values))


def end(
    connection: Connection, row: WindowRow, state: WindowState, error: str, *, project: str = DEFAULT_PROJECT
) -> None:
    """The request is not sent any more."""
    values = {"state": state.value, "payload": None, "error": clean(error, _ERROR)}
    connection.execute(update(export_metric_windows).where(_this(row, project)).values(values))


def forget(connection: Connection, before: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets what ended, and what waits for a destination that is no more, of windows before `before`."""
    these = (_table.project_id == project, _table.destination != _MARK, _table.window_minute < before)
    connection.execute(delete(export_metric_windows).where(*these))


def by_state(connection: Connection, *, project: str = DEFAULT_PROJECT) -> dict[tuple[str, str], int]:
    """How many requests there are by destination and state; there are none of what was taken."""
    query = select(_table.destination, _table.state, func.count()).where(
        _table.project_id == project, _table.destination != _MARK
    )
    rows = connection.execute(query.group_by(_table.destination, _table.state))
    return {(destination, state): number for destination, state, number in rows}


def _row(
    project: str,
    window: int,
    destination: str,
    part: int,
    state: WindowState,
    *,
    payload: bytes | None = None,
    read_until: int | None = None,
) -> dict[str, object]:
    return {
        "project_id": project,
        "window_minute": window,
        "destination": destination,
        "part": part,
        "state": state.value,
        "read_until": read_until,
        "payload": payload,
        "tries": 0,
        "retry_at": 0,
    }


def _window(row: Row[Any]) -> WindowRow:
    return WindowRow(
        row.window_minute,
        row.destination,
        row.part,
        WindowState(row.state),
        row.payload,
        row.tries,
        row.retry_at,
        row.error,
    )


def _this(row: WindowRow, project: str) -> ColumnElement[bool]:
    return and_(
        _table.project_id == project,
        _table.window_minute == row.window,
        _table.destination == row.destination,
        _table.part == row.part,
    )
