"""Migrated databases by copying: the migrations run once in each process and kind of database, not in each test."""

import atexit
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from psycopg import OperationalError
from sqlalchemy import make_url

from tests import databases
from tracehub.store import migrate
from tracehub.store.database import Database, parse_url


def fill(url: str) -> None:
    """Gives a new database the current schema: a SQLite file that is not there yet, an empty database of PostgreSQL.

    One that holds something is migrated where it is.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        _fill_postgresql(url)
        return
    assert parsed.database is not None
    if Path(parsed.database).exists():
        _upgrade(url)
    else:
        shutil.copyfile(_sqlite_file(), parsed.database)


def _fill_postgresql(url: str) -> None:
    server = databases.existing(make_url(url).set(database="postgres").render_as_string(hide_password=False))
    if server.is_empty(url):
        server.copy_database(_postgresql_copy(server), url)
    else:
        _upgrade(url)


@cache
def _sqlite_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tracehub-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _upgrade(f"sqlite:///{folder / 'migrated.db'}")
    return folder / "migrated.db"


@cache
def _postgresql_copy(server: databases.Server) -> str:
    url = server.create_database()
    atexit.register(_drop, server, url)
    _upgrade(url)
    return url


def _drop(server: databases.Server, url: str) -> None:
    with suppress(OperationalError):  # The run's own server may have ended first.
        server.drop_database(url)


def _upgrade(url: str) -> None:
    database = Database(parse_url(url))
    try:
        with database.writing() as connection:
            migrate.upgrade(connection)
    finally:
        database.close()
