"""The keys that callers of the proxy hold. There are as many as a team makes."""

import json
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Row, case, func, insert, select, update

from tracehub.errors import NotFoundError, PermanentError
from tracehub.model.proxy_key import KeyTerms, ProxyKey, state_of
from tracehub.store.schema import DEFAULT_PROJECT, proxy_keys

_LISTS = ("agents", "aliases", "operations")
_KEPT = ("name", "region", "role_arn", "external_id", "requests_per_second", "expires_at")
_OWN = ("key_id", "generation", "fingerprint", "overlap_until", "created_at", "revoked_at", "last_used_at")


def create(connection: Connection, key: ProxyKey, *, project: str = DEFAULT_PROJECT) -> None:
    """Adds a key; its id must be new."""
    row: dict[str, object] = {"project_id": project}
    row |= {name: getattr(key, name) for name in _OWN}
    row |= {name: getattr(key.terms, name) for name in _KEPT}
    row |= {name: json.dumps(list(getattr(key.terms, name))) for name in _LISTS}
    connection.execute(insert(proxy_keys).values(row))


def every(connection: Connection, *, project: str = DEFAULT_PROJECT) -> tuple[ProxyKey, ...]:
    """All keys, the oldest first, with those that are no longer good."""
    query = select(proxy_keys).where(proxy_keys.c.project_id == project)
    found = connection.execute(query.order_by(proxy_keys.c.created_at, proxy_keys.c.key_id))
    return tuple(_key(row) for row in found)


def one(connection: Connection, key_id: str, *, project: str = DEFAULT_PROJECT) -> ProxyKey:
    """The key of this id; NotFoundError where there is none."""
    query = select(proxy_keys).where(proxy_keys.c.project_id == project, proxy_keys.c.key_id == key_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        msg = f"there is no key {key_id[:100]}"
        raise NotFoundError(msg)
    return _key(row)


def rotate(
    connection: Connection, key_id: str, *, overlap_until: int, now: int, project: str = DEFAULT_PROJECT
) -> ProxyKey:
    """Begins the next generation of a key; the one before it stays good until `overlap_until`, older ones end now.

    NotFoundError where there is no such key, PermanentError where it is not good any more.
    """
    state = state_of(one(connection, key_id, project=project), now)
    changed = (
        update(proxy_keys)
        .where(*_this(key_id, project), proxy_keys.c.revoked_at.is_(None))
        .values(generation=proxy_keys.c.generation + 1, overlap_until=overlap_until)
    )
    if state != "active" or connection.execute(changed).rowcount == 0:
        msg = f"the key {key_id} is {state if state != 'active' else 'revoked'}: create another"
        raise PermanentError(msg)
    return one(connection, key_id, project=project)


def revoke(connection: Connection, key_id: str, *, now: int, project: str = DEFAULT_PROJECT) -> ProxyKey:
    """Ends a key for good; it stays in the list. NotFoundError where there is none, nothing where it has ended."""
    ended = func.coalesce(proxy_keys.c.revoked_at, now)
    connection.execute(update(proxy_keys).where(*_this(key_id, project)).values(revoked_at=ended))
    return one(connection, key_id, project=project)


def note_uses(connection: Connection, uses: Mapping[str, int], *, project: str = DEFAULT_PROJECT) -> None:
    """Writes when keys were used last, where that is later than what is known."""
    # In one order everywhere, so that two processes do not wait for each other.
    for key_id, at in sorted(uses.items()):
        used = proxy_keys.c.last_used_at
        later = case(((used.is_(None)) | (used < at), at), else_=used)
        connection.execute(update(proxy_keys).where(*_this(key_id, project)).values(last_used_at=later))


def _this(key_id: str, project: str) -> tuple[ColumnElement[bool], ...]:
    return proxy_keys.c.project_id == project, proxy_keys.c.key_id == key_id


def _key(row: Row[tuple[object, ...]]) -> ProxyKey:
    kept = row._mapping
    terms = {name: kept[name] for name in _KEPT} | {name: tuple(json.loads(kept[name])) for name in _LISTS}
    return ProxyKey(terms=KeyTerms(**terms), **{name: kept[name] for name in _OWN})
