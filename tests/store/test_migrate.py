"""The schema is what the migrations make, up and down, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from tests.stores import migrated, store
from tests.traffic import demo_events
from tracehub.errors import PermanentError
from tracehub.store import migrate
from tracehub.store.database import Database, parse_url
from tracehub.store.schema import metadata


def test_the_migrations_make_exactly_the_tables_the_code_uses(database_url: str) -> None:
    with migrated(database_url) as database, database.reading() as connection:
        # The search index is each database's own; tests/store/test_search.py uses it.
        options = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith("search_index")}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        assert migrate.current_revision(connection) == migrate.head_revision()


def test_migrating_down_and_up_again_works_with_data(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(2))
        with database.writing() as connection:
            migrate.downgrade(connection, "base")
        with database.reading() as connection:
            assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        with database.writing() as connection:
            migrate.upgrade(connection)
        assert store(database, demo_events(2)).duplicates == 0


def test_an_unmigrated_database_is_refused_with_what_to_do(database_url: str) -> None:
    database = Database(parse_url(database_url))
    try:
        with database.reading() as connection, pytest.raises(PermanentError, match="tracehub db upgrade"):
            migrate.require_current(connection)
    finally:
        database.close()


def test_every_large_table_can_be_distributed_by_project_and_trace() -> None:
    for name in ("event_blocks", "traces", "spans"):
        assert {"project_id", "trace_id"} <= {column.name for column in metadata.tables[name].primary_key}
    assert all(table.primary_key.columns[0].name == "project_id" for table in metadata.sorted_tables)
    assert not [key for table in metadata.sorted_tables for key in table.foreign_keys]
