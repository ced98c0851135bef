"""Keys are kept with what they may do and without their secrets, on both databases."""

from threading import Thread

import msgspec
import pytest

from tests.proxy.making import KEY_ID, NOW, SECOND, key
from tests.stores import migrated
from tracehub.errors import NotFoundError, PermanentError
from tracehub.model.proxy_key import KeyTerms
from tracehub.store import proxy_keys

TERMS = KeyTerms(
    name="Bestellung ü",
    agents=("AGENT12345", "AGENT67890"),
    aliases=("ALIAS12345",),
    operations=("InvokeAgent",),
    requests_per_second=2.5,
    region="eu-central-1",
    role_arn="arn:aws:iam::123456789012:role/agents",
    external_id="outside",
    expires_at=NOW + 90 * SECOND,
)


def test_a_key_comes_back_as_it_was_made(database_url: str) -> None:
    second = key(key_id="THZ")
    with migrated(database_url) as database:
        with database.writing() as connection:
            proxy_keys.create(connection, key(TERMS))
            proxy_keys.create(connection, second)
            proxy_keys.create(connection, key(key_id="THOTHER"), project="another")
        with database.reading() as connection:
            assert proxy_keys.every(connection) == (key(TERMS), second)
            assert proxy_keys.one(connection, "THZ") == second
            with pytest.raises(NotFoundError, match="there is no key THOTHER"):
                proxy_keys.one(connection, "THOTHER")


def test_a_rotation_begins_a_generation_and_tells_until_when_the_last_is_good(database_url: str) -> None:
    with migrated(database_url) as database:
        with database.writing() as connection:
            proxy_keys.create(connection, key())
        for generation in (2, 3):
            with database.writing() as connection:
                rotated = proxy_keys.rotate(connection, KEY_ID, overlap_until=NOW + generation, now=NOW)
            assert rotated == key(generation=generation, overlap_until=NOW + generation)
        with pytest.raises(NotFoundError), database.writing() as connection:
            proxy_keys.rotate(connection, "THNONE", overlap_until=NOW, now=NOW)


def test_rotations_at_the_same_time_are_all_counted(database_url: str) -> None:
    with migrated(database_url) as database:
        with database.writing() as connection:
            proxy_keys.create(connection, key())

        def rotate() -> None:
            with database.writing() as connection:
                proxy_keys.rotate(connection, KEY_ID, overlap_until=NOW, now=NOW)

        threads = [Thread(target=rotate) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.reading() as connection:
            assert proxy_keys.one(connection, KEY_ID).generation == 6


def test_a_revoked_or_expired_key_is_not_rotated_and_stays_in_the_list(database_url: str) -> None:
    with migrated(database_url) as database:
        with database.writing() as connection:
            proxy_keys.create(connection, key(TERMS))
            proxy_keys.create(connection, key(key_id="THZ"))
            assert proxy_keys.revoke(connection, "THZ", now=NOW).revoked_at == NOW
            assert proxy_keys.revoke(connection, "THZ", now=NOW + 1).revoked_at == NOW
            with pytest.raises(NotFoundError):
                proxy_keys.revoke(connection, "THNONE", now=NOW)
        with pytest.raises(PermanentError, match="is revoked"), database.writing() as connection:
            proxy_keys.rotate(connection, "THZ", overlap_until=NOW, now=NOW)
        with pytest.raises(PermanentError, match="is expired"), database.writing() as connection:
            proxy_keys.rotate(connection, KEY_ID, overlap_until=NOW, now=NOW + 91 * SECOND)
        with database.reading() as connection:
            assert len(proxy_keys.every(connection)) == 2


def test_the_last_use_only_moves_forward(database_url: str) -> None:
    with migrated(database_url) as database, database.writing() as connection:
        proxy_keys.create(connection, key())
        for at, expected in ((NOW + 5, NOW + 5), (NOW, NOW + 5), (NOW + 9, NOW + 9)):
            proxy_keys.note_uses(connection, {KEY_ID: at, "THGONE": at})
            found = proxy_keys.one(connection, KEY_ID)
            assert found == msgspec.structs.replace(key(), last_used_at=expected)
