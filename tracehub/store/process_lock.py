"""Keeps a SQLite database to one process, and tells others who owns it."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from tracehub.errors import DatabaseLockedError


class ProcessLock:
    """An advisory lock on `<database>.lock`; the kernel frees it when the process ends, however it ends."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """DatabaseLockedError, naming the owner, where another process has it."""
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            owner = owner_of(self.database)
            who = f"process {owner.get('pid')}" if owner.get("pid") else "another process"
            at = f" serving {owner['address']}" if owner.get("address") else ""
            msg = f"{self.database} is in use by {who}{at}; a SQLite database belongs to one process at a time"
            raise DatabaseLockedError(msg) from error
        self._file = file
        self.announce(None)

    def announce(self, address: str | None) -> None:
        """Writes who owns the database and at which URL it serves, for `owner_of`."""
        if self._file:
            self._file.truncate(0)
            self._file.write(json.dumps({"pid": os.getpid(), "address": address}))
            self._file.flush()

    def release(self) -> None:
        """Lets others in."""
        if self._file:
            self._file.truncate(0)
            self._file.close()
            self._file = None


def owner_of(database: Path) -> dict[str, object]:
    """What the owner announced (`pid`, `address`); empty where nobody owns the database or nothing is known."""
    try:
        announced = json.loads(database.with_name(database.name + ".lock").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return announced if isinstance(announced, dict) else {}
