"""Opens the database: many readers, and one writer on SQLite."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from tracehub.errors import PermanentError, StoreUnavailableError
from tracehub.store.process_lock import ProcessLock
from tracehub.telemetry.measures import DATABASE_ERRORS

_SUPPORTED = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_CONNECT_SECONDS = 10


class Database:
    """Connections to one database. On SQLite this process owns it: `lock` keeps every other one out.

    PostgreSQL ends a transaction that writes and then says nothing for `idle_seconds`.
    """

    def __init__(self, url: URL, *, owned: bool = True, idle_seconds: float = 20) -> None:
        self.url = url
        self._idle_ms = round(idle_seconds * 1000)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.lock = ProcessLock(_file_of(url)) if self.is_sqlite and owned else None
        if self.lock:
            self.lock.acquire()
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url)
        event.listen(self.engine, "handle_error", _count_error)
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries; StoreUnavailableError where the database cannot be reached."""
        try:
            connection = self.engine.connect()
        except DBAPIError as error:
            msg = "the database cannot be reached"
            raise StoreUnavailableError(msg) from error
        with connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well; on SQLite only one at a time."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                # Who is stopped in the middle, with its machine for instance, must not hold its locks for ever.
                connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {self._idle_ms}")
                yield connection
            return
        with self._writer, self.engine.connect() as connection:
            connection.info["immediate"] = True
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.info.pop("immediate", None)

    def close(self) -> None:
        """Gives back every connection and, on SQLite, the ownership."""
        self.engine.dispose()
        if self.lock:
            self.lock.release()


def parse_url(text: str) -> URL:
    """The URL in SQLAlchemy's form; PermanentError where it is none or names another kind of database."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        msg = "TRACEHUB_DATABASE_URL is not a database URL such as sqlite:///tracehub.db or postgresql://user@host/name"
        raise PermanentError(msg) from error
    driver = _SUPPORTED.get(url.drivername.split("+")[0])
    if driver is None:
        msg = f"TRACEHUB_DATABASE_URL names {url.drivername}, but only sqlite and postgresql are supported"
        raise PermanentError(msg)
    return url.set(drivername=driver)


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        msg = "TRACEHUB_DATABASE_URL must name a file, such as sqlite:///tracehub.db"
        raise PermanentError(msg)
    file = Path(url.database)
    if not file.parent.is_dir():
        msg = f"the folder of the database does not exist: {file.parent}"
        raise PermanentError(msg)
    return file


def _postgresql_engine(url: URL) -> Engine:
    # A server that takes connections and says nothing is as good as none.
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    return create_engine(url, connect_args=patience, pool_size=10, max_overflow=10, pool_pre_ping=True, pool_timeout=10)


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=10, max_overflow=20, pool_timeout=10
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _count_error(context: ExceptionContext) -> None:
    DATABASE_ERRORS.add(type(context.original_exception).__name__)


def _configure_sqlite(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin late and end early; SQLAlchemy says BEGIN and COMMIT itself.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("immediate") else "BEGIN")
