"""A process that is stopped in the middle of a transaction keeps nobody waiting for ever."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tests.stores import migrated
from tracehub.store import leases
from tracehub.store.database import Database, parse_url


@pytest.mark.postgres
def test_a_transaction_that_says_nothing_is_ended_and_its_locks_with_it(postgresql_url: str) -> None:
    with migrated(postgresql_url) as other:
        stopped = Database(parse_url(postgresql_url), idle_seconds=0.2)
        with pytest.raises(DBAPIError), stopped.writing() as connection:
            _outlive(connection, other)
        stopped.close()


def _outlive(connection: Connection, other: Database) -> None:
    """The other one gets the lock that this connection holds; this one then learns that it lost everything."""
    assert leases.take(connection, "shard", "stopped", 60) is not None
    with other.writing() as waiting:
        assert leases.take(waiting, "shard", "other", 60) is not None
    leases.check(connection, "shard", 1)
