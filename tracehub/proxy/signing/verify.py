"""Finds out whether a request was signed with a key of tracehub, by the rules that AWS itself goes by."""

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tracehub.proxy.signing.canonical import (
    ALGORITHM,
    SERVICE,
    TERMINATOR,
    canonical_path,
    canonical_query,
    canonical_request,
    canonical_value,
    encoded_path,
    signature,
)
from tracehub.proxy.signing.refusals import incomplete, invalid, mismatch, missing_token, unrecognized

SKEW = 5 * 60 * 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_STAMP = re.compile(rb"[0-9]{8}T[0-9]{6}Z")
_REGION = re.compile(rb"[a-z0-9-]{1,40}")
_KEY_ID = re.compile(rb"\w{1,128}", re.ASCII)
_PRESIGNED = {b"x-amz-algorithm", b"x-amz-credential", b"x-amz-signature", b"x-amz-security-token"}
_HOST = (b"host", b":authority")
# As every SDK writes it; what is written otherwise is read part by part.
_USUAL = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=([A-Z0-9]{1,128})/([0-9]{8})/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/aws4_request, "
    rb"SignedHeaders=([a-z0-9;:_-]+), Signature=([0-9a-f]{64})"
)
_PARTS = ("Credential", "Signature", "SignedHeaders")


class Caller(NamedTuple):
    """Whose key signed a request, and for which region its signature is."""

    key_id: str
    region: str


class _Claim(NamedTuple):
    """What an Authorization header says; nothing of it is proven."""

    key_id: bytes
    day: bytes
    region: bytes
    service: bytes
    signed: bytes
    signature: str


def verify(
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body_sha256: str,
    now: int,
    secrets_of: Callable[[str], Sequence[bytes]],
    *,
    hosts: Sequence[bytes] = (),
    service: bytes = SERVICE,
) -> Caller:
    """The caller whose key signed the request, RefusedError where it is not proven that one did.

    Path and query are as on the wire, names of headers are lower-case, `body_sha256` is in hex and of the body that
    came, `now` is in microseconds since 1970 UTC. `secrets_of` gives the secrets that are valid for an access key id,
    none where it is not known. `hosts` are other names under which callers know this host, where something in between
    may have changed the header.
    """
    sent, doubled = _by_name(headers)
    claim = _read_claim(sent, doubled, raw_query)
    stamp = _checked_time(sent, claim, now)
    _check_scope(claim, service)
    names = _checked_names(sent, doubled, claim)
    _check_body(sent, body_sha256)
    secrets = () if b"x-amz-security-token" in sent else secrets_of(claim.key_id.decode())
    if not secrets:
        raise unrecognized()
    query, body = canonical_query(raw_query), body_sha256.encode()
    for host in (sent[b"host"], *hosts):
        sent[b"host"] = sent[b":authority"] = host
        lines = [(name, canonical_value(sent[name])) for name in names]
        for path in _paths(raw_path):
            text = canonical_request(method.encode(), path, query, lines, claim.signed, body)
            for secret in secrets:
                right = signature(secret, stamp, claim.region, service, text)
                if hmac.compare_digest(right, claim.signature):
                    return Caller(claim.key_id.decode(), claim.region.decode())
    raise mismatch()


def _by_name(headers: Sequence[tuple[bytes, bytes]]) -> tuple[dict[bytes, bytes], set[bytes]]:
    sent = dict(headers)
    if len(sent) == len(headers):
        return sent, set()
    seen: set[bytes] = set()
    return sent, {name for name, _ in headers if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def _read_claim(sent: dict[bytes, bytes], doubled: set[bytes], raw_query: bytes) -> _Claim:
    if raw_query and any(_name_of(pair) in _PRESIGNED for pair in raw_query.split(b"&")):
        raise incomplete("Requests signed in their query are not taken: sign them in the Authorization header.")
    given = sent.get(b"authorization")
    if given is None:
        raise missing_token()
    if b"authorization" in doubled:
        raise incomplete("The request has more than one Authorization header.")
    return _parse(given)


def _name_of(pair: bytes) -> bytes:
    return unquote_to_bytes(pair.partition(b"=")[0]).lower()


def _parse(given: bytes) -> _Claim:
    if usual := _USUAL.fullmatch(given):
        key_id, day, region, service, signed, made = usual.groups()
        return _Claim(key_id, day, region, service, signed, made.decode())
    if not given.isascii():
        raise incomplete("The Authorization header holds characters outside ASCII.")
    algorithm, _, rest = given.strip().partition(b" ")
    if algorithm != ALGORITHM:
        raise incomplete(f"Unsupported AWS 'algorithm': only {ALGORITHM.decode()} is taken.")
    parts: dict[bytes, bytes] = {}
    for part in rest.split(b","):
        name, equals, value = part.strip().partition(b"=")
        if not equals:
            raise incomplete("The Authorization header holds what is not a key=value pair (missing equal-sign).")
        if name in parts:
            raise incomplete("The Authorization header names a parameter twice.")
        parts[name] = value
    if missing := [name for name in _PARTS if not parts.get(name.encode())]:
        raise incomplete(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    scope = parts[b"Credential"].split(b"/")
    if len(scope) != 5:
        raise incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    key_id, day, region, service, end = scope
    if end != TERMINATOR:
        raise invalid("Credential should be scoped with a valid terminator: 'aws4_request'.")
    if not _KEY_ID.fullmatch(key_id):
        raise unrecognized()
    return _Claim(key_id, day, region, service, parts[b"SignedHeaders"], parts[b"Signature"].decode())


def _checked_time(sent: dict[bytes, bytes], claim: _Claim, now: int) -> bytes:
    """The time of signing as it is signed (YYYYMMDDTHHMMSSZ), where it is near enough to `now`."""
    given = sent.get(b"x-amz-date", sent.get(b"date"))
    if given is None:
        raise incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    known = _instant(given.strip())
    if known is None:
        raise incomplete("Date must be in ISO-8601 'basic format', such as 20150830T123600Z.")
    stamp, at = known
    if claim.day != stamp[:8]:
        raise invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
    if at < now - SKEW:
        said = f"{_said(at)} is now earlier than {_said(now - SKEW)} ({_said(now)} - 5 min.)"
        raise invalid(f"Signature expired: {said}")
    if at > now + SKEW:
        said = f"{_said(at)} is still later than {_said(now + SKEW)} ({_said(now)} + 5 min.)"
        raise invalid(f"Signature not yet current: {said}")
    return stamp


@lru_cache(maxsize=256)
def _instant(given: bytes) -> tuple[bytes, int] | None:
    """The time as it is signed, and in microseconds since 1970 UTC; a Date header may also be in HTTP's own form."""
    try:
        if _STAMP.fullmatch(given):
            at = datetime.strptime(given.decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        else:
            at = parsedate_to_datetime(given.decode("ascii"))
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at.strftime("%Y%m%dT%H%M%SZ").encode(), (at - _EPOCH) // _MICROSECOND


def _said(instant: int) -> str:
    return (_EPOCH + timedelta(microseconds=instant)).strftime("%Y%m%dT%H%M%SZ")


def _check_scope(claim: _Claim, service: bytes) -> None:
    if claim.service != service:
        raise invalid(f"Credential should be scoped to correct service: '{service.decode()}'.")
    if not _REGION.fullmatch(claim.region):
        raise invalid("Credential should be scoped to a valid region.")


def _checked_names(sent: dict[bytes, bytes], doubled: set[bytes], claim: _Claim) -> list[bytes]:
    """The names of the signed headers; among them is all that has to be."""
    names = claim.signed.split(b";")
    signed = set(names)
    if len(signed) != len(names):
        raise invalid("SignedHeaders names a header twice.")
    if b"host" not in sent or signed.isdisjoint(_HOST):
        raise invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    sent[b":authority"] = sent[b"host"]
    for name in sorted(sent.keys() - signed):
        if name.startswith(b"x-amz-"):
            raise invalid(f"'{_shown(name)}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in sorted(signed - sent.keys()):
        raise invalid(f"'{_shown(name)}' is a 'SignedHeader' in the AWS Authorization, but was not received.")
    if doubled and not doubled.isdisjoint((*names, b"host", b"date")):
        raise invalid("A header that is signed was received more than once.")
    return names


def _shown(name: bytes) -> str:
    return name[:100].decode("ascii", "replace")


def _check_body(sent: dict[bytes, bytes], body_sha256: str) -> None:
    said = sent.get(b"x-amz-content-sha256")
    if said is None or hmac.compare_digest(said, body_sha256.encode()):
        return
    if said.startswith((b"UNSIGNED-PAYLOAD", b"STREAMING-")):
        raise invalid("The payload has to be signed: x-amz-content-sha256 must be the SHA-256 of the body.")
    raise invalid("The value of x-amz-content-sha256 is not the SHA-256 of the body that was received.")


def _paths(raw: bytes) -> Iterator[bytes]:
    """The canonical path as most SDKs sign it, then as Go's does, where that is another."""
    usual = canonical_path(raw)
    yield usual
    if (kept := encoded_path(raw)) != usual:
        yield kept
