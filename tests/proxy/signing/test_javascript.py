"""What AWS's SDK for JavaScript signs passes: these signatures are its own (@smithy/signature-v4, 2 January 2026)."""

import hashlib

import pytest

from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.signing.verify import Caller, verify

STAMP = b"20260102T030405Z"
AT = 1_767_323_045_000_000
BODY = b'{"a":1}'
# Whether `:authority` was signed in place of `host`, the path, the query, the signature.
SIGNED = [
    (
        True,
        "/agents/A/agentAliases/B/sessions/a%3Ab._-1/text",
        "",
        "1889766f214e8faf561a0c326bc305ebf9e7344017b41e36b7f8200745e83cc9",
    ),
    (
        False,
        "/agents/A/agentAliases/B/sessions/a%3Ab._-1/text",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "3e179dc8fdbf8c57acbe0934821702a64a503fb95b5c9ad6714cc455632df076",
    ),
    (True, "/sessions/..", "", "a8504c767697021d3d9cdd0188bfc16088da6ee774cc5990b38721d521782700"),
    (
        False,
        "/sessions/..",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "57f43f21dbe65e09b639aad283612c9c0dbac3df1f26cd49bace2a6db0afa46a",
    ),
    (True, "/a/../b//c/./", "", "94c813105f68d090956cd087c0a064ff922e79b7abb546085faabaa8be976a6d"),
    (
        False,
        "/a/../b//c/./",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "a82a1fb0c8a6d22511e57bcc5bd8ffeaa8296857a98b5024e53a7da9597710c2",
    ),
    (True, "/a/%2F%2e%2e/x!'()*", "", "281e3e9dea84c0a04071bd1eb934c9a905ed73a0343bdd4eeb102e4092028eb0"),
    (
        False,
        "/a/%2F%2e%2e/x!'()*",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "905acefebe16f6a121ce0203273682af7b844273c3fb1e64f6a3837d570997ff",
    ),
    (True, "/", "", "a8504c767697021d3d9cdd0188bfc16088da6ee774cc5990b38721d521782700"),
    (
        False,
        "/",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "57f43f21dbe65e09b639aad283612c9c0dbac3df1f26cd49bace2a6db0afa46a",
    ),
    (
        True,
        "/flows/arn%3Aaws%3Abedrock%3Aeu%2Fx/",
        "",
        "90ed56bea67c9f3d7458c5e7756066839de3f538920d28ac8e54ae15a0d9f2c2",
    ),
    (
        False,
        "/flows/arn%3Aaws%3Abedrock%3Aeu%2Fx/",
        "b=1&a=2&a=1&a0=x%20y%2F%3D%26%C3%BC%21%27%28%29%2A&e=",
        "97ee759b5c59e0fd9fa9cd341421cbddedb51d7c46eeea9e8cb225fd1f39681a",
    ),
]


@pytest.mark.parametrize(("authority", "path", "query", "made"), SIGNED)
def test_it_passes_and_with_another_host_it_does_not(authority: bool, path: str, query: str, made: str) -> None:
    assert _verified(authority, path, query, made, b"127.0.0.1:8322") == Caller("THABC", "eu-central-1")
    with pytest.raises(RefusedError, match="does not match"):
        _verified(authority, path, query, made, b"127.0.0.1:8323")


def _verified(authority: bool, path: str, query: str, made: str, host: bytes) -> Caller:
    sha256 = hashlib.sha256(BODY).hexdigest()
    common = [
        "amz-sdk-request",
        "content-length",
        "content-type",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-user-agent",
    ]
    names = ";".join(sorted([":authority" if authority else "host", *common]))
    scope = "THABC/20260102/eu-central-1/bedrock/aws4_request"
    headers = [
        (b"host", host),
        (b"amz-sdk-request", b"attempt=1"),
        (b"content-length", b"7"),
        (b"content-type", b"application/json"),
        (b"x-amz-content-sha256", sha256.encode()),
        (b"x-amz-date", STAMP),
        (b"x-amz-user-agent", b"js  x"),
        (b"authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={made}".encode()),
    ]
    return verify("POST", path.encode(), query.encode(), headers, sha256, AT, lambda _: [b"s"])
