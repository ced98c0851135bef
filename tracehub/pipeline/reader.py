"""One thread that reads one part of a source under a lease, and tells how it goes."""

import threading
from collections.abc import Callable

import msgspec
import structlog

from tracehub.collectors.backoff import Backoff
from tracehub.collectors.status import Status, Tell
from tracehub.errors import LeaseLostError, NotFoundError, TracehubError, TransientError
from tracehub.pipeline.claims import Claim
from tracehub.store import shards
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)
_TELL_EVERY = 1_000_000
_AFTER_A_FAULT_SECONDS = 30.0

Run = Callable[[Tell, threading.Event], None]


class Reader:
    """Runs `run` until it is stopped or its lease is lost. `generation` is the declaration's that it reads by."""

    def __init__(self, claim: Claim, generation: int, run: Run, database: Database, clock: Callable[[], int]) -> None:
        self.claim = claim
        self.generation = generation
        self._run = run
        self._database = database
        self._clock = clock
        self._stop = threading.Event()
        self._told: Status | None = None
        self._told_at = 0
        self._thread = threading.Thread(target=self._read, name=f"tracehub-reader-{claim.source}", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Asks it to end; what was fetched is committed, or will be fetched again."""
        self._stop.set()

    @property
    def ended(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    def join(self, seconds: float) -> bool:
        """Waits for the thread's end; whether it came."""
        self._thread.join(seconds)
        return self.ended

    def tell(self, status: Status) -> None:
        """Writes what the collector tells where people see it; unchanged progress at most once a second.

        LeaseLostError where another has taken over, as this one has no say any more.
        """
        now = self._clock()
        told = self._told
        same = told is not None and (told.state, told.error) == (status.state, status.error)
        if same and now - self._told_at < _TELL_EVERY:
            return
        self._told, self._told_at = status, now
        with self._database.writing() as connection:
            self.claim.check(connection)
            shards.tell(connection, self.claim.source, self.claim.shard, **msgspec.structs.asdict(status), now=now)

    def _read(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                self._run(self.tell, self._stop)
            except (LeaseLostError, NotFoundError):
                _log.info("a source is read elsewhere now", source=self.claim.source, shard=self.claim.shard)
                return
            except TransientError as error:
                _log.warning("a source has to wait", source=self.claim.source, reason=str(error))
                self._tell_of(Status(state="waiting", error=str(error)))
                self._stop.wait(backoff.next())
            except TracehubError as error:
                self._tell_of(Status(state="failing", error=str(error)))
                self._stop.wait(_AFTER_A_FAULT_SECONDS)
            except Exception as error:  # the outermost loop: one source's fault must not end the others
                _log.exception("reading a source failed", source=self.claim.source, shard=self.claim.shard)
                self._tell_of(Status(state="failing", error=f"{type(error).__name__}: {error}"))
                self._stop.wait(_AFTER_A_FAULT_SECONDS)

    def _tell_of(self, status: Status) -> None:
        try:
            self.tell(status)
        except LeaseLostError:
            self._stop.set()
        except Exception:  # the store may be what fails; the log has it already
            _log.warning("the state of a source could not be written", source=self.claim.source)
