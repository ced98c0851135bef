"""Where SQLite and PostgreSQL differ: upserts, bulk writes and locks; search has a file for each beside this one."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, func, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    import psycopg

_JOINS_KEY = 7_263_322
_Upsert = sqlite.Insert | postgresql.Insert


def insert(connection: Connection, table: Table) -> _Upsert:
    """An INSERT that understands on_conflict_do_nothing and on_conflict_do_update."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Writes `rows`, replacing those whose primary key exists."""
    if not rows:
        return
    statement = insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    """Writes `rows`, leaving those whose primary key exists as they are."""
    if rows:
        connection.execute(insert(connection, table).on_conflict_do_nothing(), list(rows))


def insert_new(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Writes `rows` as fast as the database takes them. The values are the driver's own: bytes for HexId columns.

    The keys must be new: a repeated one raises.
    """
    if not rows:
        return
    names = ", ".join(columns)
    if is_sqlite(connection):
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))  # noqa: S608
        return
    driver = cast("psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection)
    types = [
        _COPY_TYPES[column.type.compile(dialect=connection.dialect)] for column in (table.c[name] for name in columns)
    ]
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as copy,
    ):
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def clock(connection: Connection) -> ColumnElement[int]:
    """The database's clock inside a query: microseconds since 1970 UTC, on SQLite in whole milliseconds."""
    if is_sqlite(connection):
        now = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000"
    else:
        now = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
    return literal_column(f"({now})", BigInteger)


def now(connection: Connection) -> int:
    """What the database's clock says."""
    return int(connection.scalar(select(clock(connection))) or 0)


def oldest_writing(connection: Connection) -> int | None:
    """When the oldest transaction began that writes still (microseconds since 1970 UTC), None where none does: what was
    written before then can be seen. SQLite has one writer, who asks."""
    if is_sqlite(connection):
        return None
    oldest = (
        "SELECT CAST(extract(epoch FROM min(xact_start)) * 1000000 AS bigint) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND backend_xid IS NOT NULL"
    )
    found = connection.scalar(text(oldest))
    return None if found is None else int(found)


def transaction_number(connection: Connection) -> int:
    """What no other transaction that runs at the same time has: on SQLite always 0, as it has one writer."""
    if is_sqlite(connection):
        return 0
    return int(connection.scalar(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")) or 0)


def lock_joins(connection: Connection, *, joins: bool) -> None:
    """Keeps what joins traces apart from everything else that writes them, until the transaction ends.

    Which trace an event belongs to is read from links; a batch that adds links (`joins`) therefore runs alone, all
    others side by side. Taken before the links are read. SQLite has one writer.
    """
    if not is_sqlite(connection):
        take = func.pg_advisory_xact_lock if joins else func.pg_advisory_xact_lock_shared
        connection.execute(select(take(_JOINS_KEY)))


def lock(connection: Connection, names: Iterable[str]) -> None:
    """Waits until no other transaction holds any of `names`, and holds them until this one ends.

    Names are taken in one global order, so that two transactions cannot wait for each other. SQLite has one writer.
    """
    if is_sqlite(connection):
        return
    keys = sorted({int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names})
    if keys:
        unnested = func.unnest(text(":keys").bindparams(keys=keys)).column_valued("key")
        connection.execute(select(func.pg_advisory_xact_lock(unnested)))


def is_sqlite(connection: Connection) -> bool:
    """Whether this is SQLite and not PostgreSQL."""
    return connection.dialect.name == "sqlite"


_COPY_TYPES = {
    "BYTEA": "bytea",
    "BIGINT": "int8",
    "INTEGER": "int4",
    "SMALLINT": "int2",
    "BOOLEAN": "bool",
    "DOUBLE PRECISION": "float8",
    "VARCHAR": "text",
    "VARCHAR(8)": "text",
    "VARCHAR(16)": "text",
    "VARCHAR(20)": "text",
    "VARCHAR(64)": "text",
}
