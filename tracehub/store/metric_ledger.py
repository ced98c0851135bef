"""Which spans the windows of metrics have counted, so that each is counted once.

A span is known by its id. Of an id that is no more there was a span that is another now, as more of its trace came, or
as a collaborator's trace became part of its supervisor's: then so many spans of its kind and name are known instead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection, delete, select

from tracehub.store.chunks import in_chunks
from tracehub.store.dialect import insert_new, upsert
from tracehub.store.schema import DEFAULT_PROJECT, export_metric_spans


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """What a window counted of a trace: spans by id and sort, and of each sort how many were counted in traces that
    became part of this one (`joined`), or were recognised as counted under another id (negative)."""

    spans: dict[bytes, int] = {}
    joined: dict[int, int] = {}


_read = msgspec.msgpack.Decoder(Counted).decode
_write = msgspec.msgpack.encode


class Ledger:
    """What was counted of one trace so far, of whose spans these are `present`. `count` says of one of them whether it
    is to be counted now, and notes it."""

    def __init__(self, rows: Iterable[Counted], present: Iterable[str]) -> None:
        self._known: set[bytes] = set()
        self._joined: Counter[int] = Counter()
        self._spans: dict[bytes, int] = {}
        self._used: Counter[int] = Counter()
        here = set(map(bytes.fromhex, present))
        for row in rows:
            self._known.update(row.spans)
            self._joined.update(row.joined)
            self._joined.update(sort for key, sort in row.spans.items() if key not in here)

    def count(self, span_id: str, sort: int) -> bool:
        """Whether the span was not counted before; it is from now on."""
        key = bytes.fromhex(span_id)
        if key in self._known:
            return False
        self._known.add(key)
        self._spans[key] = sort
        if self._joined[sort] <= 0:
            return True
        self._joined[sort] -= 1
        self._used[sort] -= 1
        return False

    @property
    def news(self) -> Counted | None:
        """What `count` noted; None where nothing."""
        return Counted(self._spans, dict(self._used)) if self._spans else None


def sort_of(kind: str, name: str) -> int:
    """A number for the spans that are alike."""
    return int.from_bytes(blake2b(f"{kind}\0{name}".encode("utf-8", "replace"), digest_size=4).digest())


def of_traces(
    connection: Connection, present: Mapping[str, Sequence[str]], *, project: str = DEFAULT_PROJECT
) -> dict[str, Ledger]:
    """The ledger of each of these traces, by the ids of the spans that are present in it."""
    rows = _rows(connection, sorted(present), project)
    return {
        trace_id: Ledger((counted for _, counted in rows.get(trace_id, ())), span_ids)
        for trace_id, span_ids in present.items()
    }


def add(connection: Connection, window: int, counted: Mapping[str, Counted], *, project: str = DEFAULT_PROJECT) -> None:
    """Writes down what a window counted; each trace is in it once."""
    rows = [(project, bytes.fromhex(trace_id), window, _write(found)) for trace_id, found in counted.items()]
    insert_new(connection, export_metric_spans, ("project_id", "trace_id", "window_minute", "counted"), rows)


def join(connection: Connection, roots: Mapping[str, str], *, project: str = DEFAULT_PROJECT) -> None:
    """What was counted of these traces was counted of the traces that they are part of now."""
    orphans = _rows(connection, sorted(roots), project)
    if not orphans:
        return
    moved: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    for orphan, rows in orphans.items():
        for window, counted in rows:
            joined = moved[roots[orphan], window]
            joined.update(counted.spans.values())
            joined.update(counted.joined)
    kept = _rows(connection, sorted({root for root, _ in moved}), project)
    before = {(root, window): counted for root, rows in kept.items() for window, counted in rows}
    written: list[dict[str, object]] = []
    for (root, window), joined in moved.items():
        there = before.get((root, window), Counted())
        joined.update(there.joined)
        packed = _write(Counted(there.spans, dict(joined)))
        written.append({"project_id": project, "trace_id": root, "window_minute": window, "counted": packed})
    upsert(connection, export_metric_spans, written)
    _remove(connection, sorted(orphans), project)


def undo(connection: Connection, after: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets what windows after `after` counted: they were never finished."""
    these = (export_metric_spans.c.project_id == project, export_metric_spans.c.window_minute > after)
    connection.execute(delete(export_metric_spans).where(*these))


def forget(connection: Connection, before: int, *, project: str = DEFAULT_PROJECT) -> None:
    """Forgets what windows before `before` counted."""
    these = (export_metric_spans.c.project_id == project, export_metric_spans.c.window_minute < before)
    connection.execute(delete(export_metric_spans).where(*these))


def _rows(connection: Connection, trace_ids: Sequence[str], project: str) -> dict[str, list[tuple[int, Counted]]]:
    found: defaultdict[str, list[tuple[int, Counted]]] = defaultdict(list)
    table = export_metric_spans.c
    for chunk in in_chunks(trace_ids):
        query = select(table.trace_id, table.window_minute, table.counted)
        for row in connection.execute(query.where(table.project_id == project, table.trace_id.in_(chunk))):
            found[row.trace_id].append((row.window_minute, _read(row.counted)))
    return dict(found)


def _remove(connection: Connection, trace_ids: Sequence[str], project: str) -> None:
    for chunk in in_chunks(trace_ids):
        these = (export_metric_spans.c.project_id == project, export_metric_spans.c.trace_id.in_(chunk))
        connection.execute(delete(export_metric_spans).where(*these))
