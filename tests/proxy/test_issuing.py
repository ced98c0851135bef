"""What is issued opens the proxy, for as long as it should, on both databases."""

from collections.abc import Iterator

import pytest

from tests.proxy.making import MASTER, SECOND
from tests.proxy.signing.requests import REGION, check, signed_by_botocore
from tests.stores import migrated
from tracehub.app import clock
from tracehub.model.proxy_key import IssuedKey, KeyTerms
from tracehub.proxy.issuing import issue, renew
from tracehub.proxy.keys import Keys
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.store import proxy_keys
from tracehub.store.database import Database

HOUR = 3600 * SECOND


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with migrated(database_url) as opened:
        yield opened


def test_an_issued_key_opens_until_it_is_revoked(database: Database) -> None:
    issued = _issued(database, KeyTerms(name="orders"))
    assert _opens(database, issued)
    with database.writing() as connection:
        proxy_keys.revoke(connection, issued.key.key_id, now=clock())
    assert not _opens(database, issued)


def test_after_a_rotation_both_secrets_open_until_the_overlap_ends(database: Database) -> None:
    first = _issued(database, KeyTerms(name="orders"))
    second = _renewed(database, first, HOUR)
    assert _opens(database, first)
    assert _opens(database, second)
    third = _renewed(database, first, 0)
    assert [_opens(database, issued) for issued in (first, second, third)] == [False, False, True]


def test_an_expired_key_does_not_open(database: Database) -> None:
    assert _opens(database, _issued(database, KeyTerms(name="long", expires_at=clock() + HOUR)))
    assert not _opens(database, _issued(database, KeyTerms(name="over", expires_at=clock() - SECOND)))


def test_keys_differ_and_do_not_open_for_each_other(database: Database) -> None:
    one, other = (_issued(database, KeyTerms(name="orders"), bytes([n]) * 12) for n in (1, 2))
    assert one.key.key_id != other.key.key_id
    assert not _opens(database, IssuedKey(key=one.key, secret=other.secret))


def _issued(database: Database, terms: KeyTerms, entropy: bytes | None = None) -> IssuedKey:
    with database.writing() as connection:
        entropy = entropy or terms.name.encode().ljust(12, b"\0")
        return issue(connection, terms, lambda _: MASTER, now=clock(), entropy=entropy)


def _renewed(database: Database, issued: IssuedKey, overlap: int) -> IssuedKey:
    with database.writing() as connection:
        return renew(connection, issued.key.key_id, lambda _: MASTER, overlap=overlap, now=clock())


def _opens(database: Database, issued: IssuedKey) -> bool:
    """Whether a request that botocore signs with it passes."""
    keys = Keys(lambda _: MASTER)
    with database.reading() as connection:
        keys.load(proxy_keys.every(connection))
    now = clock()
    wire = signed_by_botocore(key_id=issued.key.key_id, secret=issued.secret)
    try:
        caller = check(wire, now, lambda key_id: keys.secrets_of(key_id, now))
    except RefusedError:
        return False
    return caller == (issued.key.key_id, REGION)
