"""Keeps the rollups in step with what is stored."""

import threading
import time

import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.errors import TracehubError
from tracehub.store import rollups
from tracehub.store.database import Database

_log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0
# Ingest comes first: adding up a busy hour again and again must not take the database for itself.
LARGEST_SHARE = 0.1


def catch_up(database: Database) -> None:
    """Adds up all that is marked, one hour to a transaction, so that it keeps no writer waiting for long."""
    while _add_up_one(database):
        pass


class AddingUp:
    """Adds up what was written, in a thread, a few seconds after it was; processes on one database take turns."""

    def __init__(self, database: Database, every_seconds: float = EVERY_SECONDS) -> None:
        self._database = database
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-adding-up", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends after the hour that is being added up, if that ends in time."""
        self._stop.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        rest = 0.0
        while not self._stop.wait(rest):
            began = time.monotonic()
            found = False
            try:
                found = _add_up_one(self._database)
            except (DBAPIError, TracehubError) as error:
                _log.warning("adding up has to wait", error=str(error))
            except Exception:  # the outermost loop: later writes may be added up all the same
                _log.exception("adding up failed")
            took = time.monotonic() - began
            rest = took / LARGEST_SHARE if found else self._every_seconds


def _add_up_one(database: Database) -> bool:
    with database.reading() as connection:
        if not rollups.waiting(connection):
            return False
    with database.writing() as connection:
        return rollups.refresh(connection)
