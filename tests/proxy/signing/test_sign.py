"""What is signed anew is what botocore would have signed, and AWS's own examples come out as AWS says."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.signing.requests import HOST, KEY_ID, REGION, SECRET, Wire, check, known, signed_by_botocore
from tests.proxy.signing.test_verify import CALLER, METHODS, PATHS, QUERIES, VALUES
from tracehub.app import clock
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.signing.sign import Credentials, sign
from tracehub.proxy.signing.verify import verify

UPSTREAM = Credentials("ASIAUPSTREAM", "upstream secret", "upstream token")
_X_AMZ = st.dictionaries(st.sampled_from(["x-amz-user-agent", "x-amz-foo", "x-amz-a"]), VALUES, max_size=3)


def signed(wire: Wire, credentials: Credentials, now: int) -> Wire:
    """The request as it goes to AWS."""
    headers = sign(wire.method, wire.path, wire.query, wire.headers, wire.sha256, credentials, REGION, now)
    return replace(wire, headers=headers)


@given(METHODS, PATHS, QUERIES, _X_AMZ, st.binary(max_size=99), st.sampled_from([None, "a token"]))
def test_it_agrees_with_botocore(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, token: str | None
) -> None:
    theirs = signed_by_botocore(method, path, query, headers, body, token=token)
    at = datetime.strptime(theirs.header(b"x-amz-date").decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = int(at.timestamp()) * 1_000_000
    unsigned = [(name.encode(), value.encode()) for name, value in (("host", HOST), *headers.items())]
    ours = signed(replace(theirs, headers=unsigned), Credentials(KEY_ID, SECRET, token), now)
    assert sorted(ours.headers) == sorted(theirs.headers)


@given(METHODS, PATHS, QUERIES, _X_AMZ, st.binary(max_size=99))
def test_what_it_signs_passes_with_the_secret_and_with_no_other(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    given_headers = [(b"host", HOST.encode()), *((n.encode(), v.encode()) for n, v in headers.items())]
    wire = signed(
        Wire(method, path.encode(), query.encode(), given_headers, body), Credentials(KEY_ID, SECRET), clock()
    )
    assert check(wire, clock()) == CALLER
    with pytest.raises(RefusedError, match="does not match"):
        check(wire, clock(), lambda _: [b"another secret"])


def test_nothing_of_the_callers_signature_goes_on() -> None:
    wire = signed_by_botocore(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD", "X-Amz-Foo": "kept"}, token="theirs")
    sent = signed(wire, UPSTREAM, clock()).headers
    names = [name.decode() for name, _ in sent]
    assert sorted(names) == ["authorization", "host", "x-amz-date", "x-amz-foo", "x-amz-security-token"]
    assert dict(sent)[b"x-amz-security-token"] == b"upstream token"
    assert KEY_ID.encode() not in dict(sent)[b"authorization"]
    assert b"SignedHeaders=host;x-amz-date;x-amz-foo;x-amz-security-token," in dict(sent)[b"authorization"]


def test_without_a_token_of_ours_none_is_sent() -> None:
    sent = dict(signed(signed_by_botocore(token="theirs"), Credentials("AKIA", "secret"), clock()).headers)
    assert b"x-amz-security-token" not in sent


def test_what_is_meant_for_one_connection_does_not_go_on() -> None:
    hop = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect", "proxy-connection"]
    hop += ["proxy-authorization", "proxy-authenticate", "x-named"]
    wire = signed_by_botocore().with_more(
        *((name.encode(), b"1") for name in hop if name != "connection"),
        (b"connection", b"close, X-Named"),
        (b"connection", b"host ,content-length"),
        (b"content-length", b"21"),
        (b"content-type", b"application/json"),
        (b"amz-sdk-invocation-id", b"1"),
    )
    names = {name.decode() for name, _ in signed(wire, UPSTREAM, clock()).headers}
    assert names.isdisjoint(hop)
    assert names >= {"host", "content-length", "content-type", "amz-sdk-invocation-id"}


def test_secrets_are_not_shown_where_credentials_are() -> None:
    assert "upstream secret" not in repr(UPSTREAM)
    assert "upstream token" not in repr(UPSTREAM)


# AWS's published test suite for Signature Version 4: secret, time and signatures are its own.
SUITE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SUITE_TIME = 1_440_938_160_000_000
SUITE = {
    "get-vanilla": ("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    "get-vanilla-query-order-key-case": (
        "GET",
        "/",
        "Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-relative-normalized": (
        "GET",
        "/example/..",
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-utf8": ("GET", "/ሴ", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    "get-space": ("GET", "/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    "get-unreserved": (
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-vanilla-utf8-query": (
        "GET",
        "/",
        "%E1%88%B4=bar",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "post-vanilla": ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
}


@pytest.mark.parametrize(("method", "path", "query", "expected"), SUITE.values(), ids=SUITE.keys())
def test_awss_examples_come_out_as_published(method: str, path: str, query: str, expected: str) -> None:
    empty = Wire(method, path.encode(), query.encode(), [(b"host", b"example.amazonaws.com")], b"")
    sent = sign(
        method,
        empty.path,
        empty.query,
        empty.headers,
        empty.sha256,
        Credentials("AKIDEXAMPLE", SUITE_SECRET),
        "us-east-1",
        SUITE_TIME,
        service=b"service",
    )
    assert dict(sent)[b"authorization"].decode() == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={expected}"
    )
    secrets = {"AKIDEXAMPLE": [SUITE_SECRET.encode()]}
    caller = verify(
        method,
        empty.path,
        empty.query,
        sent,
        empty.sha256,
        SUITE_TIME,
        lambda k: secrets.get(k, ()),
        service=b"service",
    )
    assert (caller.key_id, caller.region) == ("AKIDEXAMPLE", "us-east-1")


def test_awss_example_with_a_session_token_comes_out_as_published() -> None:
    token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
    empty = Wire("GET", b"/", b"", [(b"host", b"example.amazonaws.com")], b"")
    credentials = Credentials("AKIDEXAMPLE", SUITE_SECRET, token)
    sent = sign("GET", b"/", b"", empty.headers, empty.sha256, credentials, "us-east-1", SUITE_TIME, service=b"service")
    expected = b"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
    assert dict(sent)[b"authorization"].endswith(
        b"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=" + expected
    )


def test_signing_what_was_verified_gives_aws_a_request_that_it_accepts() -> None:
    wire = signed_by_botocore("POST", "/flows/arn%3Aaws%3Abedrock/aliases/%2Fx", "b=2&a=1")
    assert check(wire, clock(), known) == CALLER
    sent = signed(wire.having((b"host", b"bedrock-agent-runtime.eu-central-1.amazonaws.com")), UPSTREAM, clock())
    request = AWSRequest(
        "POST",
        "https://bedrock-agent-runtime.eu-central-1.amazonaws.com/flows/arn%3Aaws%3Abedrock/aliases/%2Fx?b=2&a=1",
        data=wire.body,
    )
    request.context["timestamp"] = sent.header(b"x-amz-date").decode()
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["X-Amz-Security-Token"] = "upstream token"
    oracle = SigV4Auth(BotocoreCredentials(UPSTREAM.access_key, UPSTREAM.secret, UPSTREAM.token), "bedrock", REGION)
    expected = oracle.signature(oracle.string_to_sign(request, oracle.canonical_request(request)), request)
    assert re.search(rb"Signature=(\w+)$", sent.header(b"authorization")).group(1).decode() == expected  # type: ignore[union-attr]
