"""Brings a database to the schema that this version of tracehub needs."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tracehub.errors import PermanentError
from tracehub.resources import migrations_dir
from tracehub.store import statistics

_LOCK_KEY = 7_263_321


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrates up to `revision`; two processes that start at once migrate one after the other."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=_LOCK_KEY))
    command.upgrade(_config(connection), revision)
    if revision == "head":
        statistics.write(connection)


def downgrade(connection: Connection, revision: str) -> None:
    """Migrates down to `revision` ("base" for an empty database)."""
    command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, None where it holds no tracehub tables."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """The revision this version of tracehub needs."""
    head = ScriptDirectory(str(migrations_dir())).get_current_head()
    assert head is not None
    return head


def require_current(connection: Connection) -> None:
    """PermanentError, saying what to do, where the schema is not the one needed."""
    head = head_revision()
    found = current_revision(connection) if inspect(connection).has_table("alembic_version") else None
    if found == head:
        return
    msg = f"the database is at revision {found or 'none'}, this tracehub needs {head}: run `tracehub db upgrade`"
    raise PermanentError(msg)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    config.attributes["connection"] = connection
    return config
