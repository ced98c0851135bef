"""What is to be sent where: filled as traces are written, emptied by workers who claim, send and mark."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from tracehub.model.export_rows import ENDED, Claimed, Entry, ExportRow, ExportState, Mark
from tracehub.model.listing import Key, Page
from tracehub.store import destinations
from tracehub.store.chunks import in_chunks
from tracehub.store.destinations import LONGEST_ERROR, Tally
from tracehub.store.dialect import insert, insert_new, now
from tracehub.store.paging import keyset_page
from tracehub.store.schema import DEFAULT_PROJECT, export_outbox
from tracehub.store.text import clean

_table = export_outbox.c
_PENDING, _SENDING, _RETRYING = (
    ExportState.PENDING.value,
    ExportState.SENDING.value,
    ExportState.RETRYING.value,
)
_COUNTED = {
    ExportState.DELIVERED: "delivered_traces",
    ExportState.PARTIALLY_REJECTED: "rejected_traces",
    ExportState.REJECTED: "rejected_traces",
    ExportState.TOO_LARGE: "too_large_traces",
    ExportState.EXPIRED: "expired_traces",
}
_SECOND = 1_000_000
AT_ONCE = 1000


def enqueue(
    connection: Connection, entries: Sequence[Entry], *, only_known: bool = False, project: str = DEFAULT_PROJECT
) -> None:
    """Puts traces there, in the transaction that writes them; those that wait already wait anew.

    One that had ended begins again only where its spans are others now: what was acknowledged of it is not sent again.
    `only_known` leaves out what is not there yet, and what is there with the same spans: reading old events anew must
    not send what was never to be sent.
    """
    if not entries:
        return
    known = _known(connection, {entry.trace_id for entry in entries}, project)
    at = now(connection)
    changed: list[Entry] = []
    fresh: list[tuple[object, ...]] = []
    for entry in _in_order(entries):
        digest = known.get((entry.trace_id, entry.destination))
        if digest is not None and not (only_known and digest == entry.digest):
            changed.append(entry)
        elif digest is None and not only_known:
            fresh.append(_fresh(entry, at, project))
    # Another who puts the same one there at the same time makes this transaction fail, and it is tried again.
    insert_new(connection, export_outbox, _FRESH, fresh)
    if not changed:
        return
    statement = insert(connection, export_outbox)
    new = statement.excluded
    waits_its_turn = or_(_table.state == _SENDING, _table.state == _RETRYING)
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "trace_id", "destination"],
        set_={
            "state": case((waits_its_turn, _table.state), else_=_PENDING),
            "next_at": case((waits_its_turn, _table.next_at), else_=new.due_at),
            "attempts": case((_table.next_at.is_(None), 0), else_=_table.attempts),
            "faults": case((_table.next_at.is_(None), 0), else_=_table.faults),
            "due_at": new.due_at,
            "failed_at": None,
            "digest": new.digest,
            "generation": _table.generation + 1,
            "started_at": new.started_at,
        },
        where=or_(_table.digest != new.digest, _table.state == _PENDING),
    )
    connection.execute(statement, [_new(entry, at, project) for entry in changed])


def send_again(
    connection: Connection, entries: Sequence[Entry], *, anew: bool = True, project: str = DEFAULT_PROJECT
) -> int:
    """Puts traces there whether or not they were delivered before; how many. All their spans go out again.

    Without `anew` only those that are not there yet. What a worker is sending now begins again when he is done.
    """
    if not entries:
        return 0
    if not anew:
        known = _known(connection, {entry.trace_id for entry in entries}, project)
        entries = [entry for entry in entries if (entry.trace_id, entry.destination) not in known]
    at = now(connection)
    statement = insert(connection, export_outbox)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "trace_id", "destination"],
        set_={
            "state": _PENDING,
            "next_at": new.due_at,
            "due_at": new.due_at,
            "settled": b"",
            "forced": new.forced,
            "attempts": 0,
            "faults": 0,
            "rejected_spans": 0,
            "delivered_at": None,
            "failed_at": None,
            "last_error": None,
            "digest": new.digest,
            "started_at": new.started_at,
            "enqueued_at": new.enqueued_at,
            # Whoever sends it now sends something that nobody waits for any more.
            "claim": _table.claim + 1,
            "generation": _table.generation + 1,
        },
    )
    if entries:
        connection.execute(statement, [_new(entry, at, project) for entry in _in_order(entries)])
    return len(entries)


def withdraw(
    connection: Connection, unwanted: Mapping[str, Collection[str]], *, project: str = DEFAULT_PROJECT
) -> None:
    """Takes back what waits and turned out not to be wanted: traces, by destination. What was begun is finished."""
    for destination, trace_ids in sorted(unwanted.items()):
        for chunk in in_chunks(sorted(trace_ids)):
            connection.execute(
                delete(export_outbox).where(
                    *_of(destination, project),
                    _table.trace_id.in_(chunk),
                    _table.state == _PENDING,
                    _table.settled == b"",
                    _table.forced.is_(False),
                )
            )


def remove(connection: Connection, trace_ids: Iterable[str], *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets traces that are gone, everywhere."""
    for chunk in in_chunks(trace_ids):
        connection.execute(delete(export_outbox).where(_table.project_id == project, _table.trace_id.in_(chunk)))


def any_due(connection: Connection, destination: str, *, project: str = DEFAULT_PROJECT) -> bool:
    """Whether it is the turn of any trace."""
    query = select(_table.trace_id).where(*_of(destination, project), _table.next_at <= now(connection))
    return connection.execute(query.limit(1)).first() is not None


def claim(
    connection: Connection,
    destination: str,
    *,
    limit: int,
    seconds: float,
    due_since: int = 0,
    started_since: int | None = None,
    project: str = DEFAULT_PROJECT,
) -> tuple[Claimed, ...]:
    """The traces whose turn it is, the longest waiting first, now this worker's for so long.

    They come back to others when that time is over; no two workers have one at the same time. What has been due since
    before `due_since`, or began before `started_since`, is left to expire.
    """
    at = now(connection)
    these = [*_of(destination, project), _table.next_at <= at, _table.due_at >= due_since]
    if started_since is not None:
        these.append(_table.started_at >= started_since)
    query = (
        select(export_outbox).where(*these).order_by(_table.next_at, _table.started_at, _table.trace_id).limit(limit)
    )
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    if not rows:
        return ()
    connection.execute(
        update(export_outbox)
        .where(*_of(destination, project), _table.trace_id.in_([row.trace_id for row in rows]))
        .values(
            state=_SENDING,
            claim=_table.claim + 1,
            attempts=_table.attempts + 1,
            next_at=at + int(seconds * _SECOND),
        )
    )
    return tuple(
        Claimed(
            trace_id=row.trace_id,
            claim=row.claim + 1,
            generation=row.generation,
            settled=bytes(row.settled),
            attempts=row.attempts + 1,
            faults=row.faults,
            started_at=row.started_at,
            due_at=row.due_at,
            forced=row.forced,
            delivered_before=row.delivered_at is not None,
        )
        for row in rows
    )


def release(connection: Connection, *, project: str = DEFAULT_PROJECT) -> None:
    """Gives back everything that is claimed, by whomever; he writes nothing more for it."""
    these = (_table.project_id == project, _table.next_at.is_not(None), _table.state == _SENDING)
    connection.execute(
        update(export_outbox).where(*these).values(state=_PENDING, claim=_table.claim + 1, next_at=_table.due_at)
    )


def keep(
    connection: Connection,
    destination: str,
    claims: Mapping[str, int],
    seconds: float,
    *,
    project: str = DEFAULT_PROJECT,
) -> set[str]:
    """Those of these traces (with their claims) that are the worker's still, and now for `seconds` more."""
    rows = _mine(connection, destination, claims, project)
    if rows:
        until = now(connection) + int(seconds * _SECOND)
        these = (*_of(destination, project), _table.trace_id.in_(list(rows)))
        connection.execute(update(export_outbox).where(*these).values(next_at=until))
    return set(rows)


def mark(
    connection: Connection,
    destination: str,
    marks: Sequence[Mark],
    *,
    requests: int = 0,
    rejected_somewhere: int = 0,
    project: str = DEFAULT_PROJECT,
) -> set[str]:
    """Writes what a worker found out, and counts it, for those traces whose claim is his still; which those are.

    A trace that was changed while it was being sent begins again with what is new. `rejected_somewhere` of the
    delivered spans were refused without being named.
    """
    at = now(connection)
    rows = _mine(connection, destination, {found.trace_id: found.claim for found in marks}, project)
    mine = [found for found in marks if found.trace_id in rows]
    changes = [_changed(found, rows[found.trace_id], at) for found in sorted(mine, key=lambda found: found.trace_id)]
    if changes:
        connection.execute(
            update(export_outbox)
            .where(*_of(destination, project), _table.trace_id == bindparam("this_trace"))
            .values({name: bindparam(f"new_{name}") for name in _CHANGED}),
            changes,
        )
    tally = _tally(mine, rows, requests, rejected_somewhere)
    destinations.count(connection, destination, tally, now=at, project=project)
    return set(rows)


def discard(
    connection: Connection, destination: str, claims: Mapping[str, int], *, project: str = DEFAULT_PROJECT
) -> None:
    """Forgets claimed traces (with their claims) that turned out to be unwanted or gone."""
    mine = _mine(connection, destination, claims, project)
    if mine:
        these = (*_of(destination, project), _table.trace_id.in_(list(mine)))
        connection.execute(delete(export_outbox).where(*these))


def expire(
    connection: Connection,
    destination: str,
    *,
    due_before: int,
    reason: str,
    project: str = DEFAULT_PROJECT,
) -> int:
    """Gives up what has been due since before then, `AT_ONCE` at the most, and counts it; how many."""
    return _end(connection, destination, _table.due_at < due_before, reason, project)


def expire_old(
    connection: Connection,
    destination: str,
    *,
    started_before: int,
    reason: str,
    project: str = DEFAULT_PROJECT,
) -> int:
    """Gives up what began before then, `AT_ONCE` at the most, and counts it; how many."""
    return _end(connection, destination, _table.started_at < started_before, reason, project)


def drop_oldest(connection: Connection, destination: str, *, most: int, project: str = DEFAULT_PROJECT) -> int:
    """Forgets the longest due of those that wait where more than `most` do, and counts them; how many."""
    these = (*_of(destination, project), _table.next_at.is_not(None))
    surplus = (connection.scalar(select(func.count()).select_from(export_outbox).where(*these)) or 0) - most
    dropped = 0
    while dropped < surplus:
        query = select(_table.trace_id).where(*these, _table.state != _SENDING)
        query = query.order_by(_table.due_at, _table.trace_id).limit(min(AT_ONCE, surplus - dropped))
        found = connection.scalars(query.with_for_update(skip_locked=True)).all()
        if not found:
            break
        for chunk in in_chunks(found):
            connection.execute(delete(export_outbox).where(*_of(destination, project), _table.trace_id.in_(chunk)))
        dropped += len(found)
    destinations.count(connection, destination, Tally(dropped_traces=dropped), now=now(connection), project=project)
    return dropped


def forget(connection: Connection, destination: str, *, ended_before: int, project: str = DEFAULT_PROJECT) -> int:
    """Forgets traces that ended before then, `AT_ONCE` at the most; how many. Their counts stay."""
    ended = or_(_table.delivered_at < ended_before, _table.failed_at < ended_before)
    query = select(_table.trace_id).where(*_of(destination, project), ended, _table.next_at.is_(None)).limit(AT_ONCE)
    found = connection.scalars(query.with_for_update(skip_locked=True)).all()
    for chunk in in_chunks(found):
        connection.execute(delete(export_outbox).where(*_of(destination, project), _table.trace_id.in_(chunk)))
    return len(found)


def of_trace(connection: Connection, trace_id: str, *, project: str = DEFAULT_PROJECT) -> tuple[ExportRow, ...]:
    """What became of one trace, by destination."""
    query = _listed().where(_table.project_id == project, _table.trace_id == trace_id).order_by(_table.destination)
    return tuple(_row(row) for row in connection.execute(query))


def failed(
    connection: Connection,
    destination: str,
    *,
    states: Collection[ExportState] = (),
    older_than: Key | None = None,
    newer_than: Key | None = None,
    limit: int,
    project: str = DEFAULT_PROJECT,
) -> Page[ExportRow]:
    """What could not be delivered and why, in these states (all, where none is named), the latest first."""
    query = _listed().where(*_of(destination, project), _table.failed_at.is_not(None))
    if states:
        query = query.where(_table.state.in_([state.value for state in states]))
    return keyset_page(
        connection,
        query,
        (_table.failed_at, _table.trace_id),
        row=_row,
        key=lambda row: Key(row.failed_at or 0, row.trace_id),
        older_than=older_than,
        newer_than=newer_than,
        limit=limit,
    )


def waiting(
    connection: Connection, destination: str, *, limit: int, project: str = DEFAULT_PROJECT
) -> tuple[ExportRow, ...]:
    """The longest due of those that wait, at most `limit`, with what went wrong with each last."""
    query = _listed().where(*_of(destination, project), _table.next_at.is_not(None))
    query = query.order_by(_table.due_at, _table.trace_id).limit(limit)
    return tuple(_row(row) for row in connection.execute(query))


_CHANGED = (
    "state",
    "settled",
    "next_at",
    "faults",
    "delivered_at",
    "failed_at",
    "rejected_spans",
    "last_error",
)


def _changed(found: Mark, row: Row[Any], at: int) -> dict[str, object]:
    state, next_at = found.state, found.next_at
    ended = state in ENDED
    if ended and row.generation != found.generation:
        state, next_at = ExportState.PENDING, row.due_at
    if found.state is ExportState.SENDING:
        next_at = row.next_at
    delivered = found.state in (ExportState.DELIVERED, ExportState.PARTIALLY_REJECTED)
    return {
        "this_trace": found.trace_id,
        "new_state": state.value,
        "new_settled": found.settled,
        "new_next_at": next_at,
        "new_faults": found.faults,
        "new_delivered_at": at if delivered else row.delivered_at,
        "new_failed_at": at if state in ENDED and state is not ExportState.DELIVERED else None,
        "new_rejected_spans": row.rejected_spans + found.rejected_spans,
        "new_last_error": clean(found.error, LONGEST_ERROR) if found.error else None if delivered else row.last_error,
    }


def _tally(marks: Sequence[Mark], rows: Mapping[str, Row[Any]], requests: int, somewhere: int) -> Tally:
    counts: dict[str, int] = {}
    for found in marks:
        name = _COUNTED.get(found.state)
        # Late spans of a trace that stands there already do not make another trace of it.
        if name is None or (found.state is ExportState.DELIVERED and rows[found.trace_id].delivered_at is not None):
            continue
        counts[name] = counts.get(name, 0) + 1
    return Tally(
        requests=requests,
        delivered_spans=max(0, sum(found.delivered_spans for found in marks) - somewhere),
        rejected_spans=sum(found.rejected_spans for found in marks) + somewhere,
        **counts,
    )


def _end(connection: Connection, destination: str, condition: ColumnElement[bool], reason: str, project: str) -> int:
    these = (*_of(destination, project), _table.next_at.is_not(None), _table.state != _SENDING, condition)
    query = select(_table.trace_id).where(*these).order_by(_table.trace_id).limit(AT_ONCE)
    found = connection.scalars(query.with_for_update(skip_locked=True)).all()
    at = now(connection)
    said = case(
        (_table.last_error.is_(None), reason), else_=literal(f"{reason}; the last answer: ") + _table.last_error
    )
    for chunk in in_chunks(found):
        connection.execute(
            update(export_outbox)
            .where(*_of(destination, project), _table.trace_id.in_(chunk))
            .values(state=ExportState.EXPIRED.value, next_at=None, failed_at=at, last_error=said)
        )
    destinations.count(connection, destination, Tally(expired_traces=len(found)), now=at, project=project)
    return len(found)


def _mine(connection: Connection, destination: str, claims: Mapping[str, int], project: str) -> dict[str, Row[Any]]:
    """The rows of those traces whose newest claim this is; nobody else takes them before the transaction ends."""
    found: dict[str, Row[Any]] = {}
    for chunk in in_chunks(sorted(claims)):
        these = (*_of(destination, project), _table.trace_id.in_(chunk), _table.state == _SENDING)
        query = select(export_outbox).where(and_(*these)).order_by(_table.trace_id).with_for_update()
        found |= {row.trace_id: row for row in connection.execute(query) if row.claim == claims[row.trace_id]}
    return found


def _known(connection: Connection, trace_ids: Collection[str], project: str) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for chunk in in_chunks(sorted(trace_ids)):
        query = select(_table.trace_id, _table.destination, _table.digest).where(
            _table.project_id == project, _table.trace_id.in_(chunk)
        )
        found |= {(row.trace_id, row.destination): row.digest for row in connection.execute(query)}
    return found


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Everybody writes the rows in one order, so that no two wait for each other."""
    return sorted(entries, key=lambda entry: (entry.destination, entry.trace_id))


def _new(entry: Entry, at: int, project: str) -> dict[str, object]:
    return {
        "project_id": project,
        "trace_id": entry.trace_id,
        "destination": entry.destination,
        "state": _PENDING,
        "digest": entry.digest,
        "settled": b"",
        "forced": entry.forced,
        "generation": 1,
        "claim": 0,
        "attempts": 0,
        "faults": 0,
        "started_at": entry.started_at,
        "enqueued_at": at,
        "due_at": entry.due_at,
        "next_at": entry.due_at,
        "rejected_spans": 0,
    }


_FRESH = (
    "project_id",
    "trace_id",
    "destination",
    "state",
    "digest",
    "settled",
    "forced",
    "generation",
    "claim",
    "attempts",
    "faults",
    "started_at",
    "enqueued_at",
    "due_at",
    "next_at",
    "rejected_spans",
)


def _fresh(entry: Entry, at: int, project: str) -> tuple[object, ...]:
    """The values of _FRESH, as the driver takes them."""
    values = _new(entry, at, project)
    values |= {name: bytes.fromhex(getattr(entry, name)) for name in ("trace_id", "digest")}
    return tuple(values[name] for name in _FRESH)


def _listed() -> Any:
    return select(
        _table.trace_id,
        _table.destination,
        _table.state,
        _table.attempts,
        (func.length(_table.settled) / 8).cast(BigInteger).label("settled_spans"),
        _table.rejected_spans,
        _table.enqueued_at,
        _table.due_at,
        _table.next_at,
        _table.delivered_at,
        _table.failed_at,
        _table.last_error,
    )


def _row(row: Row[Any]) -> ExportRow:
    values = {name: getattr(row, name) for name in ExportRow.__struct_fields__}
    values |= {"state": ExportState(row.state)}
    return ExportRow(**values)


def _of(destination: str, project: str) -> tuple[ColumnElement[bool], ...]:
    return _table.project_id == project, _table.destination == destination
