"""Looks at the database: whether it can be reached, is of the right schema, and has room."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.errors import DatabaseLockedError, PermanentError, StoreUnavailableError
from tracehub.model.source import Source, read_source
from tracehub.model.source_rows import PUSHED
from tracehub.store import dialect, migrate, sources
from tracehub.store.database import Database, parse_url
from tracehub.store.process_lock import owner_of

CONNECT_SECONDS = 3
_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_LOW_BYTES = _GIB
_FULL_BYTES = 100 * _MIB
_OLDEST_POSTGRESQL = (14,)
_SECOND = 1_000_000
_MOST_SKEW = 60 * _SECOND


class Stored(msgspec.Struct, frozen=True):
    """A source that the database knows."""

    source: Source
    declared_in: str


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class DatabaseLook:
    """What is known of a database once `findings` was gone through.

    `sources` is None where they could not be read, as where the database `is_new`: not there yet.
    """

    def __init__(self, url: str, clock: Callable[[], int], free: Callable[[Path], int] = _free_bytes) -> None:
        self._url = url
        self._free = free
        self._clock = clock
        self.sources: tuple[Stored, ...] | None = None
        self.is_new = False

    @property
    def password(self) -> str | None:
        """The one in the URL, which must not be shown."""
        try:
            url = parse_url(self._url)
        except PermanentError:
            return None
        return url.password or str(url.query.get("password") or "") or None

    def findings(self) -> Iterator[Finding]:
        """Never raises what the database does."""
        try:
            url = parse_url(self._url)
        except PermanentError as error:
            yield problem(str(error), "set TRACEHUB_DATABASE_URL")
            return
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            yield problem("TRACEHUB_DATABASE_URL names no file", "set it to sqlite:///tracehub.db or the like")
        elif url.get_backend_name() == "sqlite":
            yield from self._sqlite(Path(url.database or ""))
        else:
            yield from self._postgresql(Database(url.update_query_dict(_patience(dict(url.query)))))

    def _sqlite(self, file: Path) -> Iterator[Finding]:
        if not file.exists():
            self.is_new = True
            yield _of_new_file(file)
            if file.parent.is_dir():
                yield self._of_disk(file.parent)
            return
        try:
            database = Database(parse_url(self._url))
        except DatabaseLockedError:
            yield _of_owner(file)
        except (PermanentError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            yield problem(f"{file} cannot be opened: {reason}", f"let this user write {file} and its folder")
        else:
            yield from self._within(database, str(file), "let this user read and write it, or restore it from a backup")
        yield self._of_disk(file.parent)

    def _postgresql(self, database: Database) -> Iterator[Finding]:
        url = database.url
        where = f"{url.database or url.username} at {url.host or dict(url.query).get('host') or 'this machine'}"
        remedy = "start it, or mend TRACEHUB_DATABASE_URL and the network to it"
        yield from self._within(database, where, remedy)

    def _within(self, database: Database, where: str, remedy: str) -> Iterator[Finding]:
        try:
            with database.reading() as connection:
                yield from self._inside(connection, where)
        except (StoreUnavailableError, SQLAlchemyError) as error:
            yield problem(f"{where} cannot be used: {_reason(error)}", remedy)
        finally:
            database.close()

    def _inside(self, connection: Connection, where: str) -> Iterator[Finding]:
        version = connection.dialect.server_version_info or ()
        name = "SQLite" if connection.dialect.name == "sqlite" else "PostgreSQL"
        yield ok(f"{name} {'.'.join(map(str, version))}: {where}")
        if name == "PostgreSQL" and version < _OLDEST_POSTGRESQL:
            yield warning("this PostgreSQL is older than those that tracehub is tested with", "use 14 or later")
        found, head = migrate.current_revision(connection), migrate.head_revision()
        yield _of_revision(found, head, is_sqlite=name == "SQLite")
        if found == head:
            yield from self._of_sources(connection)
        if name == "PostgreSQL":
            yield self._of_clock(connection)

    def _of_sources(self, connection: Connection) -> Iterator[Finding]:
        stored = []
        for row in sources.every(connection):
            if row.declared_in == PUSHED:
                continue
            try:
                stored.append(Stored(read_source(msgspec.json.decode(row.declaration)), row.declared_in))
            except PermanentError as error:
                yield problem(str(error), "declare it anew, in tracehub.toml or in the UI")
        self.sources = tuple(stored)

    def _of_disk(self, folder: Path) -> Finding:
        free = self._free(folder)
        if free >= _LOW_BYTES:
            return ok(f"{free // _GIB} GiB are free on its disk")
        make = problem if free < _FULL_BYTES else warning
        return make(
            f"{free // _MIB} MiB are free on its disk",
            "make room: on a full disk nothing more can be stored or deleted",
        )

    def _of_clock(self, connection: Connection) -> Finding:
        began = self._clock()
        theirs = dialect.now(connection)
        ahead = (began + self._clock()) // 2 - theirs
        if abs(ahead) <= _MOST_SKEW:
            return ok("its clock agrees with this machine's")
        return warning(
            f"this machine's clock is {described_skew(ahead)} the database's",
            "let NTP set both clocks, or times that are shown will be off",
        )


def described_skew(ahead: int) -> str:
    """So many microseconds, as what stands between `this clock is` and `the other's`."""
    seconds = round(abs(ahead) / _SECOND)
    size = f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} minutes"
    return f"{size} {'ahead of' if ahead > 0 else 'behind'}"


def _patience(query: dict[str, object]) -> dict[str, str]:
    return {} if "connect_timeout" in query else {"connect_timeout": str(CONNECT_SECONDS)}


def _of_new_file(file: Path) -> Finding:
    if not file.parent.is_dir():
        return problem(f"the folder of the database does not exist: {file.parent}", f"make it: mkdir -p {file.parent}")
    if not os.access(file.parent, os.W_OK):
        return problem(f"the database cannot be made in {file.parent}", "let this user write there")
    return ok(f"{file} does not exist yet: the first command that needs it makes it")


def _of_owner(file: Path) -> Finding:
    owner = owner_of(file)
    who = f"process {owner['pid']}" if owner.get("pid") else "another process"
    serves = f", which serves {owner['address']}" if owner.get("address") else ""
    return ok(
        f"{file} is in use by {who}{serves}; so only the sources of the configuration file are examined here, "
        "not those that were added in the UI"
    )


def _of_revision(found: str | None, head: str, *, is_sqlite: bool) -> Finding:
    if found == head:
        return ok(f"its schema is current (revision {head})")
    if found is not None and found > head:
        return problem(
            f"its schema is of a newer tracehub (revision {found}, this one knows {head})", "run that newer tracehub"
        )
    at = f"its schema is at revision {found}, this tracehub needs {head}" if found else "it holds no tables yet"
    if is_sqlite:
        return ok(f"{at}: the next start migrates it")
    return problem(at, "run `tracehub db upgrade`")


def _reason(error: Exception) -> str:
    """The driver's own words, in one line."""
    cause = error.__cause__ if isinstance(error, StoreUnavailableError) else error
    said = str(cause.orig) if isinstance(cause, DBAPIError) else str(cause)
    return " ".join(said.split())
