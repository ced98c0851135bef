"""What one process at a time does for all, such as forgetting what nobody asks for any more."""

import threading
from collections.abc import Callable, Sequence

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.errors import TracehubError
from tracehub.pipeline.log_intake import LogIntake
from tracehub.store import leases, log_streams
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)

# No sweep reaches farther back than a day, and what a person asks to collect again is unlearned first.
_REMEMBERED_MS = 15 * 86_400_000


class Chore(msgspec.Struct, frozen=True):
    """`do` is called about every `every_seconds`, by one process."""

    name: str
    every_seconds: float
    do: Callable[[], None]


class Chores:
    """Does each chore when it is due, in a thread of its own, as AWS may take its time; processes take turns."""

    def __init__(
        self,
        database: Database,
        chores: Sequence[Chore],
        *,
        owner: str,
        clock: Callable[[], int],
        tick_seconds: float = 0.5,
    ) -> None:
        self._database = database
        self._chores = chores
        self._owner = owner
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._due: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-chores", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends after the chore that is being done, if that ends in time."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.wait(self._tick_seconds):
            for chore in self._chores:
                if self._stop.is_set():
                    return
                try:
                    self._do(chore)
                except (DBAPIError, TracehubError) as error:
                    _log.warning("a chore has to wait", chore=chore.name, error=str(error))
                except Exception:  # the outermost loop: the other chores must go on
                    _log.exception("a chore failed", chore=chore.name)

    def _do(self, chore: Chore) -> None:
        now = self._clock()
        if now < self._due.get(chore.name, 0):
            return
        self._due[chore.name] = now + int(chore.every_seconds * 1e6)
        with self._database.writing() as connection:
            mine = leases.take(connection, f"chore/{chore.name}", self._owner, chore.every_seconds)
        if mine is not None:
            chore.do()


def log_chores(
    database: Database, logs: LogIntake, settle_seconds: float, clock: Callable[[], int]
) -> tuple[Chore, ...]:
    """The chores of log streams."""

    def settle() -> None:
        logs.settle(clock() - int(settle_seconds * 1e6))

    def forget() -> None:
        with database.writing() as connection:
            log_streams.forget_marks(connection, clock() // 1000 - _REMEMBERED_MS)

    return (Chore("settle logs", max(settle_seconds / 4, 0.2), settle), Chore("forget logs", 3600, forget))
