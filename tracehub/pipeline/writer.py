"""Group commit: senders that arrive together share a transaction, and each waits until its own records are durable."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tracehub.analytics.knowledge import Knowledge
from tracehub.errors import OverloadedError, StoreUnavailableError, TransientError
from tracehub.model.listing import Counts
from tracehub.model.record import Decoded, quarantined
from tracehub.pipeline.batch import Arrival, write_batch
from tracehub.pipeline.counting import total
from tracehub.store.database import Database
from tracehub.store.outages import may_pass
from tracehub.telemetry.measures import INGEST_ARRIVALS, INGEST_BATCHES, INGEST_COMMIT_SECONDS, INGEST_LAG_SECONDS
from tracehub.telemetry.spans import span

_log = structlog.get_logger(__name__)

MOST_EVENTS = 4000
TRIES = 4
_STOP = None


class Writer:
    """Writes arrivals in one thread, many to a transaction. At most `queue_bytes` wait; more is refused."""

    def __init__(
        self, database: Database, knowledge: Knowledge, *, queue_bytes: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._database = database
        self._knowledge = knowledge
        self._queue_bytes = queue_bytes
        self._sleep = sleep
        self._queue: queue.SimpleQueue[tuple[Arrival, int, Future[Counts]] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tracehub-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the writing thread runs."""
        return self._thread.is_alive()

    @property
    def waiting_bytes(self) -> int:
        """How much waits to be stored, what is being stored included."""
        return self._waiting

    def write(self, arrival: Arrival) -> Future[Counts]:
        """Queues an arrival. The future ends when it is durable, or with the error that kept it from being stored.

        OverloadedError where too much is waiting already.
        """
        size = _size(arrival)
        with self._lock:
            if self._stopping:
                msg = "tracehub is stopping"
                raise OverloadedError(msg, retry_after=5)
            if self._waiting and self._waiting + size > self._queue_bytes:
                INGEST_ARRIVALS.add("refused")
                msg = "more records are waiting to be stored than TRACEHUB_QUEUE_BYTES allows"
                raise OverloadedError(msg)
            self._waiting += size
            done: Future[Counts] = Future()
            done.add_done_callback(partial(_handed_in, time.monotonic()))
            self._queue.put((arrival, size, done))
        return done

    def close(self) -> None:
        """Writes what is queued, takes no more, and ends the thread."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
            self._queue.put(_STOP)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, stop = self._gather(first)
            self._write(batch)
            if stop:
                return

    def _gather(
        self, first: tuple[Arrival, int, Future[Counts]]
    ) -> tuple[list[tuple[Arrival, int, Future[Counts]]], bool]:
        batch = [first]
        events = len(first[0].decoded.events)
        while events < MOST_EVENTS:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if following is None:
                return batch, True
            batch.append(following)
            events += len(following[0].decoded.events)
        return batch, False

    def _write(self, batch: list[tuple[Arrival, int, Future[Counts]]]) -> None:
        try:
            counts = self._commit([arrival for arrival, _, _ in batch])
        except Exception as error:  # the outermost loop: whatever happened belongs to the senders, not to this thread
            self._write_apart(batch, error)
            return
        for (_, size, done), counted in zip(batch, counts, strict=True):
            self._release(size)
            done.set_result(counted)

    def _write_apart(self, batch: list[tuple[Arrival, int, Future[Counts]]], error: Exception) -> None:
        """One sender's records must not keep the others' from being stored."""
        for arrival, size, done in batch:
            failure: Exception | None = error
            counted = Counts()
            if len(batch) > 1 and not isinstance(error, StoreUnavailableError):
                try:
                    counted, failure = self._commit([arrival])[0], None
                except Exception as alone:  # as above
                    failure = alone
            if failure is not None:
                counted, failure = self._aside_or_failure(arrival, failure)
            self._release(size)
            if failure is None:
                done.set_result(counted)
            else:
                done.set_exception(failure)

    def _aside_or_failure(self, arrival: Arrival, error: Exception) -> tuple[Counts, Exception | None]:
        # What may pass, or was lost to another process, is for the sender to try again.
        if isinstance(error, TransientError):
            return Counts(), error
        try:
            return self._set_aside(arrival, error), None
        except Exception as final:  # as above
            _log.error("records could not be stored", source=arrival.source, exc_info=final)
            return Counts(), final

    def _set_aside(self, arrival: Arrival, error: Exception) -> Counts:
        """Quarantines the events of each trace that the database does not take; its other traces are stored.

        What was to be written also comes last, when all else is durable.
        """
        _log.error("records are quarantined: they cannot be stored", source=arrival.source, exc_info=error)
        counts = []
        for trace_id in dict.fromkeys(event.trace_id for event in arrival.decoded.events):
            events = tuple(event for event in arrival.decoded.events if event.trace_id == trace_id)
            decoded = Decoded(records=0, events=events, ignored=0, quarantined=())
            try:
                counts.append(self._commit([replace(arrival, decoded=decoded, also=None)])[0])
            except StoreUnavailableError:
                raise
            except Exception as refused:  # as above
                raw = b"\n".join(event.raw for event in events)
                piece = quarantined(f"it cannot be stored: {refused}", raw, len(raw))
                aside = Decoded(records=0, events=(), ignored=0, quarantined=(piece,))
                counts.append(self._commit([replace(arrival, decoded=aside, also=None)])[0])
        counts.append(self._commit([replace(arrival, decoded=replace(arrival.decoded, events=()))])[0])
        return total(counts)

    def _release(self, size: int) -> None:
        with self._lock:
            self._waiting -= size

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Counts]:
        """One transaction, tried again where trying again can help.

        A commit whose answer was lost is simply repeated.
        """
        for attempt in range(1, TRIES + 1):
            began = time.monotonic()
            try:
                with (
                    span("ingest batch", arrivals=len(arrivals), attempt=attempt),
                    self._database.writing() as connection,
                ):
                    counts = write_batch(connection, arrivals, self._knowledge)
                INGEST_BATCHES.add("stored")
                INGEST_COMMIT_SECONDS.took(time.monotonic() - began)
                return counts
            except (DBAPIError, PoolTimeoutError) as error:
                INGEST_BATCHES.add("failed")
                if not may_pass(error):
                    raise
                _log.warning("the database refused a batch", attempt=attempt, error=str(getattr(error, "orig", error)))
                if attempt == TRIES:
                    msg = "the database does not take records right now"
                    raise StoreUnavailableError(msg) from error
                self._sleep(0.05 * 4**attempt)
        raise AssertionError


def _handed_in(began: float, done: Future[Counts]) -> None:
    INGEST_ARRIVALS.add("failed" if done.exception() else "stored")
    INGEST_LAG_SECONDS.took(time.monotonic() - began)


def _size(arrival: Arrival) -> int:
    decoded = arrival.decoded
    return sum(len(event.raw) for event in decoded.events) + sum(len(piece.data) for piece in decoded.quarantined) + 100
