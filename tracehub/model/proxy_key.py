"""The keys that tracehub issues to callers of its proxy: what each may do, and how it stands."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tracehub.errors import PermanentError

Name = Annotated[str, Meta(pattern=r"^[\w][\w .:/@-]{0,98}[\w]\Z|^[\w]\Z", max_length=100)]
Id = Annotated[str, Meta(pattern=r"^[\w.:/-]{1,200}\Z")]
Ids = Annotated[tuple[Id, ...], Meta(max_length=100)]
Operation = Annotated[str, Meta(pattern=r"^[A-Z][A-Za-z]{1,63}\Z")]
State = Literal["active", "expired", "revoked"]
_LASTING = re.compile(r"([0-9]{1,5})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class KeyTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key may do. Empty `agents`, `aliases` and `operations` mean every one; a call has to fit each that is not.

    `region` and `role_arn` are where and as whom AWS is called for it, the proxy's own where None. `expires_at` is in
    microseconds since 1970 UTC, None for never.
    """

    name: Name
    agents: Ids = ()
    aliases: Ids = ()
    operations: Annotated[tuple[Operation, ...], Meta(max_length=100)] = ()
    requests_per_second: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    region: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")] | None = None
    role_arn: Annotated[str, Meta(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}\Z")] | None = None
    external_id: Annotated[str, Meta(pattern=r"^[\w+=,.@:/-]{2,1224}\Z")] | None = None
    expires_at: int | None = None


class ProxyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret, which is not kept: it follows from the master secret, the id and the generation.

    The generation before the current one is valid too until `overlap_until`. `fingerprint` tells under which master
    secret the key was made (hex). Times are microseconds since 1970 UTC.
    """

    key_id: str
    terms: KeyTerms
    generation: int
    fingerprint: str
    overlap_until: int | None
    created_at: int
    revoked_at: int | None
    last_used_at: int | None


class IssuedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with its secret, which is shown once."""

    key: ProxyKey
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.key_id})"


def read_terms(declared: Mapping[str, object]) -> KeyTerms:
    """The terms that these words say; PermanentError says which of them is wrong, and how."""
    try:
        terms = msgspec.convert(dict(declared), KeyTerms)
    except msgspec.ValidationError as error:
        msg = f"there can be no such key: {error}"
        raise PermanentError(msg) from None
    if terms.external_id is not None and terms.role_arn is None:
        msg = "there can be no such key: it has an external_id but no role_arn to use it for"
        raise PermanentError(msg)
    return terms


def state_of(key: ProxyKey, now: int) -> State:
    """Whether the key is good at `now`, and why not."""
    if key.revoked_at is not None:
        return "revoked"
    if key.terms.expires_at is not None and key.terms.expires_at <= now:
        return "expired"
    return "active"


def lasting(text: str) -> int:
    """The microseconds that a text such as 90d, 24h, 30m or 2w means; PermanentError where it means none."""
    found = _LASTING.fullmatch(text.strip())
    if found is None:
        msg = f"{text[:50]!r} is not a length of time such as 90d, 24h or 30m"
        raise PermanentError(msg)
    return int(found[1]) * _SECONDS[found[2]] * 1_000_000
