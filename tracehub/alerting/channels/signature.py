"""Signs the bodies of webhooks, so that their receiver knows who sent them, and when."""

import hmac
from collections.abc import Sequence
from hashlib import sha256

HEADER = "X-Tracehub-Signature"


def signature(body: bytes, at: int, secrets: Sequence[str]) -> str:
    """`t=SECONDS,v1=HEX`, one `v1` for each secret: HMAC-SHA256 over `SECONDS.` and the body.

    `at` is seconds since 1970 UTC. A receiver recomputes it with its secret, and refuses what is older than it likes.
    """
    signed = f"{at}.".encode() + body
    marks = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={mark}" for mark in marks)])
