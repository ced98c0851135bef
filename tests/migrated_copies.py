"""Migrated SQLite databases by copying a file: the migrations run once in each process, not in each test."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tracehub.store import migrate
from tracehub.store.database import Database, parse_url


def fill(url: str) -> None:
    """Gives a database the current schema: a copy where it is a SQLite file that is not there yet, else by migrating.

    PostgreSQL migrates: dropping an empty database to copy another one took no less.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists():
        _upgrade(url)
    else:
        shutil.copyfile(_migrated_file(), parsed.database or "")


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tracehub-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _upgrade(f"sqlite:///{folder / 'migrated.db'}")
    return folder / "migrated.db"


def _upgrade(url: str) -> None:
    database = Database(parse_url(url))
    try:
        with database.writing() as connection:
            migrate.upgrade(connection)
    finally:
        database.close()
