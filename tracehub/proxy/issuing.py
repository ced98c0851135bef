"""Issues keys, and new secrets for them."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from tracehub.model.proxy_key import IssuedKey, KeyTerms, ProxyKey
from tracehub.proxy.derivation import fingerprint_of, new_key_id, secret_of
from tracehub.store import proxy_keys

MasterOf = Callable[[Sequence[ProxyKey]], bytes]


def issue(connection: Connection, terms: KeyTerms, master_of: MasterOf, *, now: int, entropy: bytes) -> IssuedKey:
    """A new key under these terms, with the only sight of its secret. `entropy` is 12 random bytes or more.

    `master_of` gives the master secret that fits all keys there are, and raises PermanentError where none does.
    """
    master = master_of(proxy_keys.every(connection))
    key_id = new_key_id(entropy)
    key = ProxyKey(
        key_id=key_id,
        terms=terms,
        generation=1,
        fingerprint=fingerprint_of(master, key_id),
        overlap_until=None,
        created_at=now,
        revoked_at=None,
        last_used_at=None,
    )
    proxy_keys.create(connection, key)
    return IssuedKey(key=key, secret=secret_of(master, key_id, key.generation))


def renew(connection: Connection, key_id: str, master_of: MasterOf, *, overlap: int, now: int) -> IssuedKey:
    """The key with a new secret; the one before stays good for `overlap` microseconds.

    NotFoundError where there is no such key, PermanentError where it is revoked or has expired.
    """
    key = proxy_keys.rotate(connection, key_id, overlap_until=now + overlap, now=now)
    master = master_of([key])
    return IssuedKey(key=key, secret=secret_of(master, key_id, key.generation))
