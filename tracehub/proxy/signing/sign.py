"""Signs a request for AWS anew, in place of the caller's own signature."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from tracehub.proxy.signing.canonical import (
    ALGORITHM,
    SERVICE,
    TERMINATOR,
    canonical_path,
    canonical_query,
    canonical_request,
    canonical_value,
    signature,
)

_REPLACED = {b"authorization", b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256"}
# RFC 9110, 7.6.1, and `expect`, which this side has answered already.
_HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"}
_DROPPED = _REPLACED | _HOP_BY_HOP


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who calls AWS; `token` belongs to temporary credentials."""

    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def sign(
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body_sha256: str,
    credentials: Credentials,
    region: str,
    now: int,
    *,
    service: bytes = SERVICE,
) -> list[tuple[bytes, bytes]]:
    """The headers to send: those of `headers` that go on, and the signature over host and every x-amz-* of them.

    Names are lower-case, and `host` is already that of the endpoint, exactly once. The caller's signature and what is
    meant for one connection alone are left out; content-length is as given. Path and query have to be sent byte for
    byte as given, and a body with the SHA-256 `body_sha256` (hex).
    """
    stamp = _stamp(now // 1_000_000)
    kept = _kept(headers)
    kept.append((b"x-amz-date", stamp))
    if credentials.token:
        kept.append((b"x-amz-security-token", credentials.token.encode()))
    lines = _signed_lines(kept)
    signed = b";".join([name for name, _ in lines])
    path, query = canonical_path(raw_path), canonical_query(raw_query)
    text = canonical_request(method.encode(), path, query, lines, signed, body_sha256.encode())
    scoped = region.encode()
    made = signature(credentials.secret.encode(), stamp, scoped, service, text)
    authorization = b"%b Credential=%b/%b/%b/%b/%b, SignedHeaders=%b, Signature=%b" % (
        ALGORITHM,
        credentials.access_key.encode(),
        stamp[:8],
        scoped,
        service,
        TERMINATOR,
        signed,
        made.encode(),
    )
    kept.append((b"authorization", authorization))
    return kept


def _kept(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            named |= {word.strip().lower() for word in value.split(b",")}
    dropped = _DROPPED | (named - {b"host", b"content-length"}) if named else _DROPPED
    return [each for each in headers if each[0] not in dropped and not each[0].startswith(b"proxy-")]


def _signed_lines(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Host and x-amz-* in order of their names; values of one name are joined by commas."""
    of_name: dict[bytes, bytes] = {}
    for name, value in headers:
        if name == b"host" or name.startswith(b"x-amz-"):
            value = canonical_value(value)
            of_name[name] = of_name[name] + b"," + value if name in of_name else value
    return sorted(of_name.items())


@lru_cache(maxsize=4)
def _stamp(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ").encode()
