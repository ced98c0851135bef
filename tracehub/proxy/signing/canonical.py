"""What Signature Version 4 signs of a request, and with which key: the part that signer and verifier share.

After "Create a signed AWS API request" of the IAM user guide, and botocore.auth.SigV4Auth where that leaves room.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from functools import lru_cache

ALGORITHM = b"AWS4-HMAC-SHA256"
SERVICE = b"bedrock"
TERMINATOR = b"aws4_request"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~/-]")
_ENCODED = {bytes((byte,)): b"%%%02X" % byte for byte in range(256)}


def canonical_path(raw: bytes) -> bytes:
    """The path as it stands on the wire, encoded once more, as every service but S3 wants it.

    botocore and the JavaScript SDK alike first take out `.`, `..` and empty segments.
    """
    if not raw.startswith(b"/") or b"//" in raw or b"/." in raw:
        raw = _without_dots(raw)
    return encoded_path(raw)


def encoded_path(raw: bytes) -> bytes:
    """The path encoded once more, with every segment kept: Go's SDK signs it so."""
    return _UNSAFE.sub(lambda found: _ENCODED[found[0]], raw)


def canonical_query(raw: bytes) -> bytes:
    """The pairs of the query as they stand on the wire, sorted by name and then by value."""
    if not raw:
        return b""
    pairs = sorted(pair.partition(b"=")[::2] for pair in raw.split(b"&"))
    return b"&".join([name + b"=" + value for name, value in pairs])


def canonical_value(raw: bytes) -> bytes:
    """A header's value without space around it, and with single spaces in it."""
    return b" ".join(raw.split())


def canonical_request(
    method: bytes, path: bytes, query: bytes, headers: Iterable[tuple[bytes, bytes]], signed: bytes, body_sha256: bytes
) -> bytes:
    """The text that is hashed and signed: all parts in canonical form, the headers in the order of `signed`."""
    lines = b"".join([name + b":" + value + b"\n" for name, value in headers])
    return b"\n".join((method, path, query, lines, signed, body_sha256))


def signature(secret: bytes, stamp: bytes, region: bytes, service: bytes, request: bytes) -> str:
    """The signature of a canonical request at `stamp` (YYYYMMDDTHHMMSSZ), in hex."""
    day = stamp[:8]
    hashed = hashlib.sha256(request).hexdigest().encode()
    text = b"%b\n%b\n%b/%b/%b/%b\n%b" % (ALGORITHM, stamp, day, region, service, TERMINATOR, hashed)
    return hmac.digest(_signing_key(secret, day, region, service), text, "sha256").hex()


@lru_cache(maxsize=1024)
def _signing_key(secret: bytes, day: bytes, region: bytes, service: bytes) -> bytes:
    key = b"AWS4" + secret
    for part in (day, region, service, TERMINATOR):
        key = hmac.digest(key, part, "sha256")
    return key


def _without_dots(raw: bytes) -> bytes:
    kept: list[bytes] = []
    for segment in raw.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    last = b"/" if kept and raw.endswith(b"/") else b""
    first = b"/" if raw.startswith(b"/") or not raw else b""
    return first + b"/".join(kept) + last
