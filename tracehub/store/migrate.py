"""Brings a database to the schema that this version of tracehub needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from tracehub.errors import PermanentError
from tracehub.resources import migrations_dir
from tracehub.store import statistics

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK_KEY = 7_263_321


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrates up to `revision`; two processes that start at once migrate one after the other."""
    if revision == "head" and current_revision(connection) == head_revision():
        statistics.write(connection)
        return
    # Alembic takes a fifth of a second to load, and most starts find nothing to migrate.
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=_LOCK_KEY))
    command.upgrade(_config(connection), revision)
    if revision == "head":
        statistics.write(connection)


def downgrade(connection: Connection, revision: str) -> None:
    """Migrates down to `revision` ("base" for an empty database)."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, None where it holds no tracehub tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def head_revision() -> str:
    """The revision this version of tracehub needs: its migrations are named by their revisions, which are numbered."""
    return max(file.name.partition("_")[0] for file in (migrations_dir() / "versions").glob("[0-9]*_*.py"))


def require_current(connection: Connection) -> None:
    """PermanentError, saying what to do, where the schema is not the one needed."""
    head = head_revision()
    found = current_revision(connection)
    if found == head:
        return
    msg = f"the database is at revision {found or 'none'}, this tracehub needs {head}: run `tracehub db upgrade`"
    raise PermanentError(msg)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    config.attributes["connection"] = connection
    return config
