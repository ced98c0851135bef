"""Sends what waits for one destination, a round at a time: claim, assemble, send, write down what became of it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tracehub.analytics import content
from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import PermanentError, TracehubError
from tracehub.exporters.cutting import Piece, fits, pieces_of, request_of
from tracehub.exporters.delivery import Result, deliver
from tracehub.exporters.links import Links
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.otlp_http import Endpoint
from tracehub.exporters.outcome import (
    Broken,
    Delivered,
    Misconfigured,
    Outcome,
    PartlyRejected,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.exporters.terms import Terms
from tracehub.model.destination import Destination
from tracehub.model.export_rows import Claimed, DestinationRow, ExportState, Mark
from tracehub.model.selection import facts_of, wants
from tracehub.model.trace import Trace
from tracehub.pipeline.export_links import Linking
from tracehub.store import destinations, export_outbox, traces
from tracehub.store.database import Database
from tracehub.store.dialect import now

_log = structlog.get_logger(__name__)

# About as many as fill a request.
AT_ONCE = 128
# Traces are held in memory with all their texts, so few at a time.
READ_AT_ONCE = 16
# No receiver is known that takes less at a time.
LEAST_BYTES = 8 * 1024
# A status of 500 so often may be the trace's doing.
FEW_FAULTS = 3
# So many refused in a row, each for itself, and none taken: it is not the traces.
MANY_REFUSED = 8
_SECOND = 1_000_000
_Stop = RetryLater | Broken | Refused | Misconfigured


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a round sends to and how. What it claims is its own for `lease_seconds`. `send` tells what became of one
    request. `delay` says how long to wait (seconds) after so many failures in a row, at least as long as the receiver
    asked for."""

    destination: Destination
    endpoint: Endpoint
    terms: Terms
    linking: Linking
    lease_seconds: float
    send: Callable[[bytes], Outcome]
    delay: Callable[[int, float | None], float]


class Memory(msgspec.Struct):
    """What a sender remembers between rounds: how large a request may be, and how many traces were refused in a row,
    each for itself, since one was taken."""

    most_bytes: int
    refused: int = 0


class _Parcel(msgspec.Struct):
    """A trace of this round, on its way."""

    claimed: Claimed
    settled: bytes
    left: int
    delivered: int = 0
    rejected: int = 0
    unsure: bool = False
    too_large: bool = False
    error: str | None = None

    def state(self) -> ExportState:
        if self.left:
            return ExportState.SENDING
        if self.too_large:
            return ExportState.TOO_LARGE
        if self.rejected and not self.delivered and not self.claimed.settled:
            return ExportState.REJECTED
        return ExportState.PARTIALLY_REJECTED if self.rejected or self.unsure else ExportState.DELIVERED


class Round:
    """One claim's worth of work. `stopping` ends it before the next request; `seconds` is a clock that only grows."""

    def __init__(
        self,
        database: Database,
        knowledge: Knowledge,
        row: DestinationRow,
        place: Place,
        memory: Memory,
        *,
        stopping: threading.Event,
        seconds: Callable[[], float],
    ) -> None:
        self._database = database
        self._knowledge = knowledge
        self._row = row
        self._place = place
        self._memory = memory
        self._stopping = stopping
        self._seconds = seconds
        self._name = row.name
        self._failures = row.failures
        self._mine: dict[str, Claimed] = {}
        self._parcels: dict[str, _Parcel] = {}
        self._refused: list[Mark] = []
        self._ended: list[Mark] = []
        self._kept_at = 0.0

    def run(self) -> bool:
        """Sends what is due; whether there may be more at once."""
        claimed = self._claim()
        if not claimed:
            return False
        try:
            went_on = self._send_all([each for each in claimed if each.faults < FEW_FAULTS], blame=False)
            # What a receiver failed at again and again is sent last, as it keeps the others waiting.
            went_on = went_on and self._send_all([each for each in claimed if each.faults >= FEW_FAULTS], blame=True)
            self._write(self._refused, requests=0)
            if not went_on:
                self._give_back(0)
        except BaseException:
            with suppress(DBAPIError, TracehubError):
                self._give_back(0)
            raise
        return went_on

    def _claim(self) -> tuple[Claimed, ...]:
        place = self._place.destination
        with self._database.writing() as connection:
            at = now(connection)
            claimed = export_outbox.claim(
                connection,
                self._name,
                limit=AT_ONCE,
                seconds=self._place.lease_seconds,
                due_since=at - int(place.retry_hours * 3600 * _SECOND),
                started_since=None if place.max_age_us is None else at - place.max_age_us,
            )
        self._mine = {each.trace_id: each for each in claimed}
        self._kept_at = self._seconds()
        return claimed

    def _send_all(self, claimed: Sequence[Claimed], *, blame: bool) -> bool:
        """Whether nothing came between."""
        for batch in self._batches(claimed):
            if self._stopping.is_set() or not self._send(batch, blame=blame):
                return False
        self._write([], requests=0)
        return True

    def _batches(self, claimed: Sequence[Claimed]) -> Iterator[list[Piece]]:
        """The pieces of the traces, in as few requests as the limits allow; assembled as they are needed."""
        batch: list[Piece] = []
        for place in range(0, len(claimed), READ_AT_ONCE):
            for each, read in self._read(claimed[place : place + READ_AT_ONCE]):
                for piece in self._pieces(each, *read):
                    if batch and not fits(batch, piece, most_bytes=self._memory.most_bytes):
                        yield batch
                        batch = []
                    batch.append(piece)
        if batch:
            yield batch

    def _read(self, claimed: Sequence[Claimed]) -> list[tuple[Claimed, tuple[Trace, Links, int]]]:
        """The traces that are to be sent, each with its links and when it was received. What is gone or unwanted is
        forgotten, what cannot be assembled set aside."""
        ids = [each.trace_id for each in claimed]
        found: list[tuple[Claimed, tuple[Trace, Links, int]]] = []
        needless: list[Claimed] = []
        with self._database.reading() as connection:
            rows = traces.among(connection, ids)
            assembled = content.traces(connection, ids, self._knowledge)
            before = traces.turns_before(connection, ids)
            for each in claimed:
                trace, row = assembled.get(each.trace_id), rows.get(each.trace_id)
                if row is None or (trace is not None and not self._wanted(each, trace)):
                    needless.append(each)
                elif trace is None:
                    reason = "tracehub could not assemble it; `tracehub reindex` tries again"
                    self._ended.append(_mark(each, ExportState.REJECTED, error=reason))
                else:
                    links = self._place.linking.links_of(connection, trace, before.get(each.trace_id))
                    found.append((each, (trace, links, row.received_at)))
        self._discard(needless)
        return found

    def _wanted(self, claimed: Claimed, trace: Trace) -> bool:
        """What was begun is finished."""
        return bool(claimed.settled) or claimed.forced or wants(self._place.destination, facts_of(trace))

    def _pieces(self, claimed: Claimed, trace: Trace, links: Links, received_at: int) -> tuple[Piece, ...]:
        """What is to be sent of a trace; nothing where all of it is settled or where it cannot be written."""
        try:
            spans = resource_spans(trace, self._place.terms, links, received_at=received_at)
            pieces = pieces_of(claimed.trace_id, spans, claimed.settled, most_bytes=self._memory.most_bytes)
        except PermanentError as error:
            self._ended.append(_mark(claimed, ExportState.REJECTED, error=f"tracehub did not send it: {error}"))
            return ()
        except Exception as error:  # one trace's fault must not keep the others waiting: it is set aside and shown
            _log.exception("a trace cannot be exported", destination=self._name, trace_id=claimed.trace_id)
            reason = f"tracehub could not write it: {type(error).__name__}: {error}"
            self._ended.append(_mark(claimed, ExportState.REJECTED, error=reason))
            return ()
        if not pieces:
            self._ended.append(_mark(claimed, ExportState.DELIVERED))
            return ()
        left = sum(piece.count for piece in pieces)
        self._parcels[claimed.trace_id] = _Parcel(claimed=claimed, settled=claimed.settled, left=left)
        return pieces

    def _discard(self, needless: Sequence[Claimed]) -> None:
        if needless:
            with self._database.writing() as connection:
                export_outbox.discard(connection, self._name, {each.trace_id: each.claim for each in needless})
        for each in needless:
            self._mine.pop(each.trace_id, None)

    def _send(self, batch: Sequence[Piece], *, blame: bool) -> bool:
        def post(pieces: Sequence[Piece]) -> Outcome:
            outcome = self._place.send(request_of(pieces))
            return Poison(outcome.reason) if blame and isinstance(outcome, Broken) else outcome

        for result in deliver(batch, post, choose=self._still_mine, shrink=self._shrink):
            if isinstance(result.outcome, _Stop):
                self._stop(result.outcome, result)
                return False
            if isinstance(result.outcome, Poison):
                if not self._refuse(result, result.outcome, blame=blame):
                    return False
            else:
                self._settle(result)
            if self._stopping.is_set():
                return False
        return True

    def _still_mine(self, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """Those whose claim holds. Asked before every request: whoever was asleep may have lost it."""
        if self._seconds() - self._kept_at > self._place.lease_seconds / 3:
            claims = {trace_id: claimed.claim for trace_id, claimed in self._mine.items()}
            with self._database.writing() as connection:
                kept = export_outbox.keep(connection, self._name, claims, self._place.lease_seconds)
            self._kept_at = self._seconds()
            self._mine = {trace_id: claimed for trace_id, claimed in self._mine.items() if trace_id in kept}
        return tuple(piece for piece in pieces if piece.trace_id in self._mine)

    def _shrink(self, too_many: int) -> None:
        self._memory.most_bytes = max(LEAST_BYTES, min(self._memory.most_bytes, too_many // 2))

    def _settle(self, result: Result) -> None:
        """Writes down what was taken, or refused for good."""
        touched: dict[str, _Parcel] = {}
        steps: dict[str, int] = {}
        for piece in result.pieces:
            parcel = touched[piece.trace_id] = self._parcels[piece.trace_id]
            parcel.settled += piece.ids
            parcel.left -= piece.count
            steps[piece.trace_id] = steps.get(piece.trace_id, 0) + piece.count
        rejected = self._judge(result, touched, steps)
        marks = [
            _mark(
                parcel.claimed,
                parcel.state(),
                settled=parcel.settled,
                delivered=steps[trace_id],
                rejected=rejected.get(trace_id, 0),
                error=parcel.error,
            )
            for trace_id, parcel in touched.items()
        ]
        if not isinstance(result.outcome, TooLarge):
            marks, self._refused = [*self._refused, *marks], []
            self._memory.refused = self._failures = 0
        self._write(marks, requests=result.requests, rejected_somewhere=rejected.get("", 0))

    def _judge(self, result: Result, touched: Mapping[str, _Parcel], steps: dict[str, int]) -> dict[str, int]:
        """How many spans of each trace were refused; under "" those of which the receiver does not say whose."""
        rejected: dict[str, int] = {}
        match result.outcome:
            case TooLarge(reason):
                [(trace_id, parcel)] = touched.items()
                rejected[trace_id], steps[trace_id] = steps[trace_id], 0
                parcel.too_large = True
                parcel.error = f"one span is too large for it, even without content: {reason}"
            case PartlyRejected(count, reason):
                every = sum(steps.values())
                count = min(count, every)
                said = f"it rejected {count} of {every} spans"
                if count == every:
                    rejected = dict(steps)
                    steps.update(dict.fromkeys(steps, 0))
                elif len(touched) == 1:
                    [trace_id] = touched
                    rejected[trace_id], steps[trace_id] = count, steps[trace_id] - count
                else:
                    rejected[""] = count
                    said = f"{said}, of {len(touched)} traces, and did not say which"
                for parcel in touched.values():
                    parcel.unsure = "" in rejected or parcel.unsure
                    parcel.error = f"{said}: {reason}"
            case Delivered(warning):
                if warning is not None:
                    with self._database.writing() as connection:
                        said = f"it took everything, but says: {warning}"
                        destinations.note_error(connection, self._name, said, now=now(connection))
            case _:
                raise AssertionError(result.outcome)
        for trace_id, parcel in touched.items():
            parcel.delivered += steps[trace_id]
            parcel.rejected += rejected.get(trace_id, 0)
        return rejected

    def _refuse(self, result: Result, outcome: Poison, *, blame: bool) -> bool:
        """Sets one trace aside. Whether to go on: where nothing is taken at all, it is not the traces."""
        trace_id = result.pieces[0].trace_id
        parcel = self._parcels[trace_id]
        self._memory.refused += 1
        self._refused.append(_mark(parcel.claimed, ExportState.REJECTED, settled=parcel.settled, error=outcome.reason))
        self._write([], requests=result.requests)
        if self._memory.refused < MANY_REFUSED:
            return True
        self._memory.refused = 0
        if blame:
            self._stop(RetryLater(outcome.reason), result)
        else:
            reason = f"it refused each of the last {MANY_REFUSED} traces for itself, and took none: {outcome.reason}"
            self._stop(Misconfigured(reason), result)
        return False

    def _stop(self, outcome: _Stop, result: Result) -> None:
        """Gives everything back that was not settled, and notes what has to be waited for."""
        concerned = {piece.trace_id for piece in result.pieces}
        self._refused = []
        with self._database.writing() as connection:
            at = now(connection)
            retry_at = at
            if isinstance(outcome, RetryLater | Broken):
                after = outcome.after if isinstance(outcome, RetryLater) else None
                retry_at = at + int(self._place.delay(self._failures, after) * _SECOND)
            self._return(connection, retry_at, concerned, outcome.reason, result.requests, isinstance(outcome, Broken))
            if isinstance(outcome, RetryLater | Broken):
                failures = self._failures + 1
                destinations.note_failure(
                    connection, self._name, outcome.reason, retry_at=retry_at, failures=failures, now=at
                )
            else:
                destinations.stop(connection, self._name, outcome.reason, now=at)
        _log.warning("sending waits", destination=self._name, why=type(outcome).__name__, reason=outcome.reason)

    def _give_back(self, requests: int) -> None:
        """What was claimed and neither settled nor refused is anybody's again."""
        with self._database.writing() as connection:
            self._return(connection, now(connection), set(), None, requests, False)

    def _return(
        self,
        connection: Connection,
        next_at: int,
        concerned: set[str],
        reason: str | None,
        requests: int,
        failed: bool,
    ) -> None:
        marks = list(self._ended)
        done = {found.trace_id for found in marks}
        for trace_id, claimed in self._mine.items():
            if trace_id in done:
                continue
            parcel = self._parcels.get(trace_id)
            if parcel is not None and parcel.left == 0:
                continue
            at_fault = trace_id in concerned
            marks.append(
                _mark(
                    claimed,
                    ExportState.RETRYING if at_fault else ExportState.PENDING,
                    settled=parcel.settled if parcel else claimed.settled,
                    error=reason if at_fault else None,
                    next_at=next_at,
                    faults=claimed.faults + (failed and at_fault),
                )
            )
        export_outbox.mark(connection, self._name, marks, requests=requests)
        self._ended, self._mine = [], {}

    def _write(self, marks: Sequence[Mark], *, requests: int, rejected_somewhere: int = 0) -> None:
        every = [*self._ended, *marks]
        if every or requests:
            with self._database.writing() as connection:
                export_outbox.mark(
                    connection, self._name, every, requests=requests, rejected_somewhere=rejected_somewhere
                )
        for found in every:
            if found.state is not ExportState.SENDING:
                self._mine.pop(found.trace_id, None)
        self._ended = []


def _mark(
    claimed: Claimed,
    state: ExportState,
    *,
    settled: bytes | None = None,
    delivered: int = 0,
    rejected: int = 0,
    error: str | None = None,
    next_at: int | None = None,
    faults: int = 0,
) -> Mark:
    return Mark(
        trace_id=claimed.trace_id,
        claim=claimed.claim,
        generation=claimed.generation,
        state=state,
        settled=claimed.settled if settled is None else settled,
        delivered_spans=delivered,
        rejected_spans=rejected,
        error=error,
        next_at=next_at,
        faults=faults,
    )
