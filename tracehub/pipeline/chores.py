"""What one process at a time does for all: ends what waits in logs, and forgets what nobody asks for any more."""

from collections.abc import Callable

import msgspec

from tracehub.pipeline.log_intake import LogIntake
from tracehub.store import log_streams
from tracehub.store.database import Database

# No sweep reaches farther back than a day, and what a person asks to collect again is unlearned first.
_REMEMBERED_MS = 15 * 86_400_000


class Chore(msgspec.Struct, frozen=True):
    """`do` is called about every `every_seconds`, by one process."""

    name: str
    every_seconds: float
    do: Callable[[], None]


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
