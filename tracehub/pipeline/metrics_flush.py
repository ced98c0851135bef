"""Counts and sends the windows of metrics, in a thread of one process at a time.

What is uncertain is not sent twice: a window that counted twice would be wrong for ever, one that is missing shows as
a gap. Datadog alone may be sent sums again, as it keeps the last of one series and time.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tracehub.errors import LeaseLostError, TracehubError
from tracehub.exporters.metrics.otlp import without_histograms
from tracehub.pipeline.metrics_count import MINUTE_US, Receiver, count_window
from tracehub.store import leases, metric_windows
from tracehub.store.database import Database
from tracehub.store.dialect import now
from tracehub.store.metric_windows import WindowRow, WindowState
from tracehub.telemetry.spans import span

_log = structlog.get_logger(__name__)

LEASE = "export/metrics"
LEASE_SECONDS = 120.0
TICK_SECONDS = 5.0
REQUESTS_AT_ONCE = 20
_FIRST_WAIT_US = 5_000_000
_LONGEST_WAIT_US = 300_000_000
_KEPT_MINUTES = 7 * 24 * 60


class Taken(msgspec.Struct, frozen=True):
    """The receiver has it; of so many points it said that it refused them."""

    rejected: int = 0
    said: str | None = None


class NotTaken(msgspec.Struct, frozen=True):
    """The receiver has nothing of it, and may take it later, after so many seconds where it said so."""

    reason: str
    after: float | None = None


class Unsure(msgspec.Struct, frozen=True):
    """No answer came: it may have it or not."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """It will never take this."""

    reason: str


Sent = Taken | NotTaken | Unsure | Refused


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A destination of metrics. What waited for `retry_minutes` is not sent any more. With `idempotent_sums` it may be
    sent sums twice."""

    receiver: Receiver
    retry_minutes: int
    idempotent_sums: bool = False


class Sender(Protocol):
    """Sends one request to the destination of this name, and says what became of it."""

    def __call__(self, destination: str, body: bytes, /) -> Sent: ...


class Flusher:
    """One pass counts what is over and sends what is due; it holds the lease of all that is written."""

    def __init__(
        self,
        database: Database,
        targets: Callable[[Connection], Sequence[Target]],
        send: Sender,
        *,
        owner: str,
        clock: Callable[[Connection], int] = now,
    ) -> None:
        self._database = database
        self._targets = targets
        self._send = send
        self._owner = owner
        self._clock = clock
        self._token: int | None = None

    def flush(self) -> None:
        """Does what is to be done now; nothing where no destination wants metrics, or another process does it."""
        with self._database.reading() as connection:
            targets = {target.receiver.name: target for target in self._targets(connection)}
        if not targets or not self._take():
            return
        try:
            count_window(self._database, [each.receiver for each in targets.values()], self._check, clock=self._clock)
            self._deliver(targets)
        except LeaseLostError:
            self._token = None
            raise

    def release(self) -> None:
        """Lets another process take over at once."""
        if self._token is not None:
            with self._database.writing() as connection:
                leases.release(connection, LEASE, self._token)
            self._token = None

    def _take(self) -> bool:
        """Whether this process is the one that flushes. Who begins cannot know what became of what was being sent."""
        with self._database.writing() as connection:
            if self._token is not None and leases.renew(connection, LEASE, self._token, LEASE_SECONDS):
                return True
            self._token = leases.take(connection, LEASE, self._owner, LEASE_SECONDS)
            if self._token is None:
                return False
            targets = {target.receiver.name: target for target in self._targets(connection)}
            for row in metric_windows.interrupted(connection):
                _unsure(connection, row, targets.get(row.destination), "the process that sent it ended meanwhile")
            return True

    def _check(self, connection: Connection) -> None:
        if self._token is None or not leases.renew(connection, LEASE, self._token, LEASE_SECONDS):
            msg = "another process sends the metrics"
            raise LeaseLostError(msg)

    def _deliver(self, targets: Mapping[str, Target]) -> None:
        with self._database.writing() as connection:
            self._check(connection)
            at = self._clock(connection)
            metric_windows.forget(connection, at // MINUTE_US - _KEPT_MINUTES)
            due = metric_windows.due(connection, at, REQUESTS_AT_ONCE)
        waits: set[str] = set()
        for row in due:
            target = targets.get(row.destination)
            if target is None or row.destination in waits:
                continue
            if not self._one(row, target):
                waits.add(row.destination)

    def _one(self, row: WindowRow, target: Target) -> bool:
        """Sends one request; whether the next may follow."""
        with self._database.writing() as connection:
            self._check(connection)
            if self._clock(connection) // MINUTE_US - row.window > target.retry_minutes:
                metric_windows.end(connection, row, WindowState.EXPIRED, row.error or "it waited for too long")
                return True
            metric_windows.sending(connection, row)
        with span("export metrics", bytes=len(row.payload or b"")) as running:
            sent = self._send(row.destination, row.payload or b"")
            running.note(outcome=type(sent).__name__)
        with self._database.writing() as connection:
            self._check(connection)
            match sent:
                case Taken(rejected=0):
                    metric_windows.taken(connection, row)
                case Taken(rejected=rejected, said=said):
                    said = f"{rejected} points were refused: {said}"
                    metric_windows.end(connection, row, WindowState.REJECTED, said)
                    _log.warning("metrics were refused in part", destination=row.destination, points=rejected)
                case NotTaken(reason=reason, after=after):
                    wait = _wait_us(row.tries) if after is None else int(after * 1e6)
                    at = self._clock(connection) + wait
                    metric_windows.again(connection, row, row.payload or b"", at, reason)
                    return False
                case Unsure(reason=reason):
                    _unsure(connection, row, target, reason)
                    return False
                case Refused(reason=reason):
                    metric_windows.end(connection, row, WindowState.REJECTED, reason)
                    _log.warning("metrics were refused", destination=row.destination)
        return True


class MetricsFlush:
    """Flushes every few seconds, in a thread."""

    def __init__(self, flusher: Flusher, *, tick_seconds: float = TICK_SECONDS) -> None:
        self._flusher = flusher
        self._tick_seconds = tick_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-metrics", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = 15.0) -> None:
        """Ends after the request that is being sent, if that ends in time."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.wait(self._tick_seconds):
            self._quietly(self._flusher.flush)
        self._quietly(self._flusher.release)

    def _quietly(self, do: Callable[[], None]) -> None:
        try:
            do()
        except (DBAPIError, PoolTimeoutError, TracehubError) as error:
            _log.warning("the metrics have to wait", error=str(error))
        except Exception:  # the outermost loop: the next window may be sent all the same
            _log.exception("the metrics could not be sent")


def _unsure(connection: Connection, row: WindowRow, target: Target | None, reason: str) -> None:
    sums = without_histograms(row.payload) if row.payload and target and target.idempotent_sums else None
    if sums is not None:
        metric_windows.again(connection, row, sums, 0, f"only the sums are sent again: {reason}")
    else:
        metric_windows.end(connection, row, WindowState.UNSURE, reason)
    _log.warning("it is not known whether metrics arrived", destination=row.destination, error=reason)


def _wait_us(tries: int) -> int:
    return min(_FIRST_WAIT_US << min(tries, 10), _LONGEST_WAIT_US)
