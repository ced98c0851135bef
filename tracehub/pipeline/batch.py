"""One transaction of ingest, readable from top to bottom: what arrived becomes events, traces, spans and sessions."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

import msgspec
import structlog
from sqlalchemy import Connection

from tracehub.analytics.content import answers_to
from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.assemble import assemble
from tracehub.bedrock.blocks import pack, unpack
from tracehub.bedrock.clues import Clues, clues_in
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, Event
from tracehub.model.search.texts import searched_texts
from tracehub.model.trace import Trace
from tracehub.pipeline.exports_due import note_exports
from tracehub.pipeline.offers import offers_of
from tracehub.pipeline.rows import SPAN_COLUMNS, TRACE_COLUMNS, broken_trace_row, span_rows, trace_row
from tracehub.store import (
    event_blocks,
    export_outbox,
    metric_ledger,
    offered_tools,
    quarantine,
    return_controls,
    run_links,
    search,
    sessions,
    spans,
    traces,
)
from tracehub.store.dialect import lock, lock_joins
from tracehub.store.offered_tools import Offer
from tracehub.store.return_controls import Exchange

_log = structlog.get_logger(__name__)

# A trace that arrives line by line would end in as many blocks; from here on they are packed together again.
MOST_BLOCKS = 8


class Arrival(msgspec.Struct, frozen=True):
    """What one sender handed in: decoded records, where they came from, and when they were received (microseconds).

    `also` writes what stands or falls with them, such as a checkpoint, in the same transaction; it hears their counts.
    All transactions write in the order of `key`, so that none waits for one that waits for it.
    """

    decoded: Decoded
    source: str
    received_at: int
    also: Callable[[Connection, Counts], None] | None = None
    key: str = ""


def write_batch(connection: Connection, arrivals: Sequence[Arrival], knowledge: Knowledge) -> list[Counts]:
    """Stores the arrivals and everything that follows from them in the caller's transaction; their counts, in order.

    Repeating it changes nothing. A trace whose assembling fails keeps its events and is marked for reindexing.
    """
    counts = _write(connection, arrivals, knowledge)
    for arrival, counted in sorted(zip(arrivals, counts, strict=True), key=lambda pair: pair[0].key):
        if arrival.also is not None:
            arrival.also(connection, counted)
    return counts


def rebuild(
    connection: Connection,
    events_of: Mapping[str, list[Event]],
    knowledge: Knowledge,
    *,
    received_at: int,
    written: Mapping[str, int] | None = None,
) -> None:
    """Assembles these traces from all their events and replaces their rows and their sessions' sums.

    What is only read anew did not arrive now: `written` tells when it did.
    """
    if not events_of:
        return
    missing = [trace_id for trace_id, events in events_of.items() if not events]
    loaded = {trace_id: _unpacked(blocks) for trace_id, blocks in event_blocks.of_traces(connection, missing).items()}
    answers = answers_to(connection, {**events_of, **loaded})
    before = traces.sessions_of(connection, sorted(events_of))
    received = traces.received(connection, sorted(before)) if before else {}
    trace_rows: list[tuple[object, ...]] = []
    all_span_rows: list[tuple[object, ...]] = []
    offers: set[Offer] = set()
    documents: list[search.Document] = []
    assembled: list[Trace] = []
    session_ids = set(before.values())
    for trace_id in sorted(events_of):
        events = events_of[trace_id] or loaded.get(trace_id, [])
        if not events:
            continue
        at = min(received.get(trace_id, received_at), received_at)
        trace = _assembled(trace_id, events, answers, knowledge)
        row = trace_row(trace, len(events), at) if trace else broken_trace_row(trace_id, len(events), at)
        trace_rows.append(row)
        session_id = str(row[TRACE_COLUMNS.index("session_id")])
        session_ids.add(session_id)
        if trace:
            assembled.append(trace)
            all_span_rows.extend(span_rows(trace))
            offers |= offers_of(trace)
            documents.append(search.Document(trace_id, session_id, tuple(searched_texts(trace))))
    existing = sorted(before)
    spans.remove(connection, existing)
    traces.remove(connection, existing)
    traces.add(connection, TRACE_COLUMNS, trace_rows, written)
    spans.add(connection, SPAN_COLUMNS, all_span_rows)
    offered_tools.add(connection, offers, now=received_at)
    search.replace(connection, existing, documents)
    sessions.refresh(connection, session_ids)
    note_exports(connection, assembled, received, only_known=written is not None)


def _write(connection: Connection, arrivals: Sequence[Arrival], knowledge: Knowledge) -> list[Counts]:
    for arrival in arrivals:
        quarantine.add(connection, arrival.decoded.quarantined, source=arrival.source, received_at=arrival.received_at)
    events = [event for arrival in arrivals for event in arrival.decoded.events]
    if not events:
        return [_count(arrival, 0, set()) for arrival in arrivals]
    clues = clues_in(events)
    roots = _lock_and_resolve(connection, events, clues)
    known = _load(connection, roots, clues)
    news, counts = _sort_out(arrivals, roots, known)
    joined = _join_orphans(connection, roots, known, news)
    exchanges = _exchanges(connection, clues, roots)
    touched = (
        set(news) | joined | {asked.asked_by for asked in exchanges.values() if asked.asked_by and asked.answered_by}
    )
    _write_events(connection, news, known, joined, arrivals[0].received_at)
    rebuild(
        connection,
        {trace_id: _latest(known.get(trace_id, []) + news.get(trace_id, [])) for trace_id in touched},
        knowledge,
        received_at=arrivals[0].received_at,
    )
    return counts


def _lock_and_resolve(connection: Connection, events: Sequence[Event], clues: Clues) -> dict[str, str]:
    """Locks every trace these events can touch; then the topmost run of each trace_id they carry.

    Links are read after `lock_joins`, so no other process can join two of these runs in between.
    """
    lock_joins(connection, joins=bool(clues.links or clues.asks or clues.answers))
    run_links.add(connection, clues.links)
    trace_ids = {event.trace_id for event in events}
    names = trace_ids | set(clues.links) | set(clues.links.values())
    controls = set(clues.asks) | set(clues.answers)
    sides = return_controls.find(connection, controls).values() if controls else ()
    names |= {trace_id for side in sides for trace_id in side if trace_id}
    roots = run_links.ancestors(connection, names, clues.links)
    lock(connection, (f"trace/{name}" for name in names | set(roots.values())))
    return roots | {root: root for root in roots.values()}


def _load(connection: Connection, roots: Mapping[str, str], clues: Clues) -> dict[str, list[Event]]:
    """The stored events of every trace that may be touched, under the trace_id they are stored with."""
    blocks = event_blocks.of_traces(connection, sorted(set(roots) | set(roots.values())))
    return {trace_id: _unpacked(found) for trace_id, found in blocks.items()}


def _sort_out(
    arrivals: Sequence[Arrival], roots: Mapping[str, str], known: Mapping[str, list[Event]]
) -> tuple[dict[str, list[Event]], list[Counts]]:
    """The events that are new, by trace, and what became of each arrival's."""
    seen = {
        (roots.get(trace_id, trace_id), event.event_id): event for trace_id, events in known.items() for event in events
    }
    news: dict[str, list[Event]] = {}
    counts = []
    for arrival in arrivals:
        duplicates, of_traces = 0, set()
        for event in arrival.decoded.events:
            root = roots[event.trace_id]
            before = seen.get((root, event.event_id))
            if before is not None and before.index >= event.index:
                duplicates += 1
                continue
            seen[root, event.event_id] = event
            news.setdefault(root, []).append(event)
            if before is None:
                of_traces.add(root)
            else:
                duplicates += 1
        counts.append(_count(arrival, duplicates, of_traces))
    return news, counts


def _count(arrival: Arrival, duplicates: int, of_traces: set[str]) -> Counts:
    decoded = arrival.decoded
    return Counts(
        records=decoded.records,
        events=len(decoded.events) - duplicates,
        traces=len(of_traces),
        duplicates=duplicates,
        ignored=decoded.ignored,
        quarantined=len(decoded.quarantined),
    )


def _join_orphans(
    connection: Connection, roots: Mapping[str, str], known: dict[str, list[Event]], news: dict[str, list[Event]]
) -> set[str]:
    """Moves the events of collaborators that came before their parent; the traces they joined."""
    orphans = sorted(trace_id for trace_id in known if roots.get(trace_id, trace_id) != trace_id)
    if not orphans:
        return set()
    before = traces.sessions_of(connection, orphans)
    for orphan in orphans:
        known.setdefault(roots[orphan], []).extend(known.pop(orphan))
    event_blocks.remove(connection, orphans)
    spans.remove(connection, orphans)
    search.remove(connection, orphans)
    export_outbox.remove(connection, orphans)
    metric_ledger.join(connection, {orphan: roots[orphan] for orphan in orphans})
    traces.remove(connection, orphans)
    sessions.refresh(connection, before.values())
    return {roots[orphan] for orphan in orphans}


def _exchanges(connection: Connection, clues: Clues, roots: Mapping[str, str]) -> dict[str, Exchange]:
    """Notes who handed control back and who answered; both sides as known now."""
    controls = set(clues.asks) | set(clues.answers)
    if not controls:
        return {}

    def root(trace_id: str | None) -> str | None:
        return roots.get(trace_id, trace_id) if trace_id else None

    return_controls.add(
        connection,
        {name: Exchange(root(clues.asks.get(name)), root(clues.answers.get(name))) for name in controls},
    )
    return return_controls.find(connection, controls)


def _write_events(
    connection: Connection,
    news: Mapping[str, list[Event]],
    known: Mapping[str, list[Event]],
    joined: set[str],
    received_at: int,
) -> None:
    repacked = {trace_id for trace_id in set(news) & set(known) if _positions_changed(news[trace_id], known[trace_id])}
    crowded = {
        name
        for name, count in event_blocks.counts(connection, sorted(set(news) & set(known))).items()
        if count >= MOST_BLOCKS
    }
    whole = repacked | crowded | joined
    event_blocks.remove(connection, sorted(whole))
    rows = []
    for trace_id in sorted(set(news) | whole):
        events = ([*known.get(trace_id, []), *news.get(trace_id, [])]) if trace_id in whole else news[trace_id]
        rows.append(_block(trace_id, _latest(events), received_at))
    event_blocks.add(connection, rows)


def _positions_changed(news: Sequence[Event], known: Sequence[Event]) -> bool:
    return not {event.event_id for event in known}.isdisjoint(event.event_id for event in news)


def _latest(events: Sequence[Event]) -> list[Event]:
    best: dict[str, Event] = {}
    for event in events:
        before = best.get(event.event_id)
        if before is None or event.index > before.index:
            best[event.event_id] = event
    return list(best.values())


def _block(trace_id: str, events: Sequence[Event], received_at: int) -> tuple[str, str, int, int, int, bytes]:
    name = blake2b("".join(event.event_id for event in events).encode(), digest_size=16).hexdigest()
    return (trace_id, name, len(events), sum(len(event.raw) for event in events), received_at, pack(events))


def _unpacked(blocks: Sequence[bytes]) -> list[Event]:
    return [event for block in blocks for event in unpack(block)]


def _assembled(
    trace_id: str, events: Sequence[Event], answers: Mapping[str, Event], knowledge: Knowledge
) -> Trace | None:
    try:
        return assemble(trace_id, events, answers=answers, prices=knowledge.prices, rules=knowledge.rules)
    except Exception:  # the parser's fault must not lose the events: they are kept and the trace is marked
        _log.exception("assembling failed", trace_id=trace_id)
        return None
