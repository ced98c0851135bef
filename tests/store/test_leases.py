"""A lease has one holder at a time, and whoever lost it cannot write under it any more."""

import pytest

from tests.stores import migrated
from tracehub.errors import LeaseLostError
from tracehub.store import leases
from tracehub.store.database import Database


def test_only_one_holds_a_lease_until_it_runs_out(database_url: str) -> None:
    with migrated(database_url) as database:
        assert _take(database, "a", 60) == 1
        assert _take(database, "b", 60) is None
        assert _take(database, "a", 0) == 2
        assert _take(database, "b", 60) == 3


def test_who_lost_a_lease_can_neither_renew_nor_write(database_url: str) -> None:
    with migrated(database_url) as database:
        assert _take(database, "a", 0) == 1
        assert _take(database, "b", 60) == 2
        with database.writing() as connection:
            assert not leases.renew(connection, "shard", 1, 60)
            assert leases.renew(connection, "shard", 2, 60)
        with database.writing() as connection:
            leases.check(connection, "shard", 2)
        with pytest.raises(LeaseLostError, match="shard"), database.writing() as connection:
            leases.check(connection, "shard", 1)


def test_a_released_or_revoked_lease_can_be_taken_at_once_under_a_new_token(database_url: str) -> None:
    with migrated(database_url) as database:
        assert _take(database, "a", 60) == 1
        with database.writing() as connection:
            leases.release(connection, "shard", 1)
        assert _take(database, "b", 60) == 3
        with database.writing() as connection:
            leases.revoke(connection, "sha")
        with database.writing() as connection:
            assert leases.holders(connection) == {}
        with pytest.raises(LeaseLostError), database.writing() as connection:
            leases.check(connection, "shard", 3)


def test_revoking_takes_names_literally(database_url: str) -> None:
    with migrated(database_url) as database:
        assert _take(database, "a", 60) == 1
        with database.writing() as connection:
            leases.revoke(connection, "s%")
            leases.check(connection, "shard", 1)


def _take(database: Database, owner: str, seconds: float) -> int | None:
    with database.writing() as connection:
        return leases.take(connection, "shard", owner, seconds)
