"""Puts traces into the outbox as they are written: which of them, to where, and when they are due."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from tracehub.errors import PermanentError
from tracehub.model.destination import Destination, read_destination
from tracehub.model.export_rows import Entry
from tracehub.model.selection import Facts, chosen, facts_of, wants
from tracehub.model.span import Outcome
from tracehub.model.trace import Trace
from tracehub.store import destinations, export_outbox
from tracehub.store.dialect import now

# So long it is remembered what became of a trace; what is older and comes again is not sent a second time.
REMEMBERED_US = 30 * 86_400_000_000
_SECOND = 1_000_000
_UNFINISHED = (Outcome.INCOMPLETE, Outcome.RETURNED_CONTROL)


def note_exports(
    connection: Connection,
    written: Sequence[Trace],
    known: Mapping[str, int],
    *,
    only_known: bool = False,
) -> None:
    """Notes in the caller's transaction that these traces, just written, are to go where they are wanted.

    `known` are those that were stored before, with when they were first received. `only_known` is for reading old
    events anew: then only what has new spans goes out, and only where the trace was to go anyway.
    """
    declared = [
        found
        for text in destinations.declarations(connection)
        if (found := _declared(text)) is not None and found.traces
    ]
    if not declared or not written:
        return
    at = now(connection)
    entries: list[Entry] = []
    forgotten: list[Entry] = []
    unwanted: dict[str, list[str]] = {}
    for trace in written:
        facts, digest, complete = facts_of(trace), digest_of(trace), is_complete(trace)
        old = only_known or known.get(trace.trace_id, at) < at - REMEMBERED_US
        for destination in declared:
            if may_want(destination, facts, complete=complete):
                entry = Entry(
                    trace_id=trace.trace_id,
                    destination=destination.name,
                    digest=digest,
                    started_at=at if trace.started_at is None else trace.started_at,
                    due_at=at + waits_us(destination, complete=complete),
                )
                (forgotten if old else entries).append(entry)
            elif trace.trace_id in known:
                unwanted.setdefault(destination.name, []).append(trace.trace_id)
    export_outbox.enqueue(connection, entries)
    export_outbox.enqueue(connection, forgotten, only_known=True)
    export_outbox.withdraw(connection, unwanted)


def is_complete(trace: Trace) -> bool:
    """Whether all of the trace is there: it ended, so did all its spans, and control it returned was answered."""
    return trace.outcome not in _UNFINISHED and not any(span.outcome in _UNFINISHED for span in trace.spans)


def may_want(destination: Destination, facts: Facts, *, complete: bool) -> bool:
    """Whether the trace is wanted, as far as that can be told before it is complete."""
    if complete:
        return wants(destination, facts)
    return chosen(replace(destination, filter=replace(destination.filter, outcomes=())), facts)


def waits_us(destination: Destination, *, complete: bool) -> int:
    """How long after its last event the trace is due."""
    return int((destination.settle_seconds if complete else destination.hold_minutes * 60) * _SECOND)


def digest_of(trace: Trace) -> str:
    """32 hex digits that name the spans of the trace."""
    return digest_of_ids([span.span_id for span in trace.spans])


def digest_of_ids(span_ids: Sequence[str]) -> str:
    """The same, of the spans' ids."""
    return blake2b("".join(sorted(span_ids)).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=256)
def _declared(text: str) -> Destination | None:
    """None for what another version of tracehub declared: its sender says so, and ingest goes on."""
    try:
        return read_destination(msgspec.json.decode(text, type=dict[str, object]))
    except PermanentError:
        return None
