"""A request passes where it was signed as SDKs sign, with a key that is known, just now; nothing else passes."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.proxy.signing.requests import (
    HOST,
    KEY_ID,
    REGION,
    SECRET,
    Wire,
    check,
    known,
    sent_by_boto3,
    signed_by_botocore,
)
from tracehub.app import clock
from tracehub.proxy.signing.canonical import canonical_request, signature
from tracehub.proxy.signing.refusals import RefusedError
from tracehub.proxy.signing.verify import Caller, verify

CALLER = Caller(KEY_ID, REGION)
SECOND = 1_000_000
ARN = "arn:aws:bedrock:eu-central-1:123456789012"
AGENT = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345"}
CALLS: dict[str, Callable[[Any], object]] = {
    "InvokeAgent": lambda c: c.invoke_agent(**AGENT, sessionId="a:b._-1", inputText="ü\n\u0001", enableTrace=True),
    "InvokeAgent with an ARN": lambda c: c.invoke_agent(
        agentId="x/y", agentAliasId="ALIAS12345", sessionId="..", inputText="x", sourceArn=f"{ARN}:thing/x y"
    ),
    "InvokeInlineAgent": lambda c: c.invoke_inline_agent(
        sessionId="se-1", foundationModel="m", instruction="i" * 40, inputText="x"
    ),
    "InvokeFlow": lambda c: c.invoke_flow(
        flowIdentifier=f"{ARN}:flow/FLOW123456",
        flowAliasIdentifier=f"{ARN}:flow/FLOW123456/alias/FALIAS1234",
        inputs=[{"nodeName": "n", "nodeOutputName": "document", "content": {"document": {"a": 1}}}],
    ),
    "GetSession": lambda c: c.get_session(sessionIdentifier=f"{ARN}:session/0f8fad5b-d9cb-469f-a165-70867728950e"),
    "CreateSession": lambda c: c.create_session(),
    "ListTagsForResource": lambda c: c.list_tags_for_resource(resourceArn=f"{ARN}:session/0f8fad5b"),
    "UntagResource": lambda c: c.untag_resource(resourceArn=f"{ARN}:session/0f8f", tagKeys=["b", "a b", "ä&=?"]),
    "GetAgentMemory": lambda c: c.get_agent_memory(
        **AGENT, memoryType="SESSION_SUMMARY", memoryId="m~1/ %", nextToken="a+b=/&c", maxItems=3
    ),
    "DeleteAgentMemory": lambda c: c.delete_agent_memory(**AGENT, memoryId="mm", sessionId="s:1"),
    "Retrieve": lambda c: c.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "x"}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_boto3_sends_passes(call: Callable[[Any], object]) -> None:
    assert check(sent_by_boto3(call), clock()) == CALLER


_RAW = st.text("abzAZ09-_.~:@!$'()*,;=+/", max_size=6)
_PERCENT = st.sampled_from(["%2F", "%3A", "%20", "%25", "%2e", "%E2%82%AC"])
PATHS = st.lists(_RAW | _PERCENT | st.sampled_from(["/", "/./", "/../", "//"]), max_size=8).map(
    lambda p: "/" + "".join(p)
)
QUERIES = st.lists(st.lists(_RAW | _PERCENT, max_size=3).map("".join), max_size=5).map("&".join)
NAMES = st.sampled_from(["X-Amz-Foo", "x-amz-user-agent", "Content-Type", "X-Amzn-Bedrock-Trace", "amz-sdk-request"])
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"])


@given(METHODS, PATHS, QUERIES, st.dictionaries(NAMES, VALUES, max_size=4), st.binary(max_size=200))
@example("GET", "/a/../b//c/./", "a0=1&a=2&a=1&&b", {"X-Amz-Foo": "  a   b  "}, b"")
def test_whatever_botocore_signs_passes(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    assert check(signed_by_botocore(method, path, query, headers, body), clock()) == CALLER


@given(st.data())
def test_one_changed_byte_anywhere_in_what_is_signed_is_refused(data: st.DataObject) -> None:
    wire = signed_by_botocore("POST", "/agents/A%2F/x", "b=1&a=2", {"Content-Type": "application/json"}, b'{"a":1}')
    part = data.draw(
        st.sampled_from(["method", "path", "query", "body", "host", "content-type", "x-amz-date", "signature"])
    )
    changed = _changed_in(wire, part, data)
    with pytest.raises(RefusedError) as refused:
        check(changed, clock())
    assert refused.value.status == 403


def _changed_in(wire: Wire, part: str, data: st.DataObject) -> Wire:
    name = part.encode()
    match part:
        case "method":
            return replace(wire, method=_other_byte(wire.method.encode(), data).decode("latin-1"))
        case "path":
            return replace(wire, path=b"/" + _other_byte(wire.path[1:], data, b"./"))
        case "query":
            return replace(wire, query=_other_byte(wire.query, data))
        case "body":
            return replace(wire, body=_other_byte(wire.body, data))
        case "signature":
            made = wire.header(b"authorization")[-64:]
            return wire.authorized(made, _other_byte(made, data))
        case _:
            return wire.having((name, _other_byte(wire.header(name), data, b" \t\r\n\x0b\x0c")))


def _other_byte(before: bytes, data: st.DataObject, never: bytes = b"") -> bytes:
    at = data.draw(st.integers(0, len(before) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte != before[at] and byte not in never))
    return before[:at] + bytes([new]) + before[at + 1 :]


REFUSED: dict[str, tuple[Callable[[Wire], Wire], str, str]] = {
    "no Authorization": (
        lambda w: w.without(b"authorization"),
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    "two Authorizations": (
        lambda w: w.with_more((b"authorization", w.header(b"authorization"))),
        "IncompleteSignatureException",
        "more than one",
    ),
    "another scheme": (
        lambda w: w.having((b"authorization", b"Bearer abc")),
        "IncompleteSignatureException",
        "Unsupported AWS 'algorithm'",
    ),
    "an asymmetric algorithm": (
        lambda w: w.authorized(b"AWS4-HMAC-SHA256", b"AWS4-ECDSA-P256-SHA256"),
        "IncompleteSignatureException",
        "Unsupported",
    ),
    "no signature": (
        lambda w: w.having((b"authorization", w.header(b"authorization").partition(b", Signature")[0])),
        "IncompleteSignatureException",
        "requires 'Signature' parameter",
    ),
    "an empty signature": (
        lambda w: w.authorized(w.header(b"authorization")[-64:], b""),
        "IncompleteSignatureException",
        "requires 'Signature' parameter",
    ),
    "two signatures": (
        lambda w: w.having((b"authorization", w.header(b"authorization") + b", Signature=" + b"0" * 64)),
        "IncompleteSignatureException",
        "twice",
    ),
    "a part without a value": (
        lambda w: w.authorized(b"Signature=", b"Signature"),
        "IncompleteSignatureException",
        "missing equal-sign",
    ),
    "a scope of four": (
        lambda w: w.authorized(b"/bedrock/", b"/"),
        "IncompleteSignatureException",
        "exactly 5 slash-delimited",
    ),
    "another service": (
        lambda w: w.authorized(b"/bedrock/", b"/s3/"),
        "InvalidSignatureException",
        "correct service: 'bedrock'",
    ),
    "another terminator": (
        lambda w: w.authorized(b"/aws4_request", b"/aws4_reques"),
        "InvalidSignatureException",
        "valid terminator",
    ),
    "no region": (lambda w: w.authorized(b"/eu-central-1/", b"//"), "InvalidSignatureException", "valid region"),
    "another region": (
        lambda w: w.authorized(b"/eu-central-1/", b"/eu-west-1/"),
        "InvalidSignatureException",
        "does not match",
    ),
    "another day in the scope": (
        lambda w: w.authorized(b"Credential=" + KEY_ID.encode() + b"/2", b"Credential=" + KEY_ID.encode() + b"/1"),
        "InvalidSignatureException",
        "Date in Credential scope does not match",
    ),
    "an unknown key": (
        lambda w: w.authorized(b"Credential=TH", b"Credential=AK"),
        "UnrecognizedClientException",
        "security token included in the request is invalid",
    ),
    "a key that is none": (
        lambda w: w.authorized(b"Credential=TH", b"Credential=\x01\x7f"),
        "UnrecognizedClientException",
        "",
    ),
    "no date": (
        lambda w: w.without(b"x-amz-date"),
        "IncompleteSignatureException",
        "'X-Amz-Date' or a 'Date' header",
    ),
    "a date that is none": (
        lambda w: w.having((b"x-amz-date", b"yesterday")),
        "IncompleteSignatureException",
        "ISO-8601 'basic format'",
    ),
    "a day that is none": (
        lambda w: w.having((b"x-amz-date", b"20260231T000000Z")),
        "IncompleteSignatureException",
        "ISO-8601 'basic format'",
    ),
    "two dates": (
        lambda w: w.with_more((b"x-amz-date", w.header(b"x-amz-date"))),
        "InvalidSignatureException",
        "more than once",
    ),
    "two hosts": (
        lambda w: w.with_more((b"host", w.header(b"host"))),
        "InvalidSignatureException",
        "more than once",
    ),
    "no host": (lambda w: w.without(b"host"), "InvalidSignatureException", "'Host' or ':authority' must be"),
    "a host that is not signed": (
        lambda w: w.authorized(b"=host;", b"="),
        "InvalidSignatureException",
        "'Host' or ':authority' must be",
    ),
    "a date that is not signed": (
        lambda w: w.authorized(b";x-amz-date", b""),
        "InvalidSignatureException",
        "'x-amz-date' must be a 'SignedHeader'",
    ),
    "an x-amz header that is not signed": (
        lambda w: w.with_more((b"x-amz-evil", b"1")),
        "InvalidSignatureException",
        "'x-amz-evil' must be a 'SignedHeader'",
    ),
    "a signed header that is not there": (
        lambda w: w.authorized(b"=host;", b"=content-type;host;"),
        "InvalidSignatureException",
        "'content-type' is a 'SignedHeader'",
    ),
    "a header signed twice": (
        lambda w: w.authorized(b"=host;", b"=host;host;"),
        "InvalidSignatureException",
        "names a header twice",
    ),
    "another host": (lambda w: w.having((b"host", b"evil.example")), "InvalidSignatureException", "does not match"),
    "a session token that is signed": (
        lambda _: signed_by_botocore(token="a token"),
        "UnrecognizedClientException",
        "security token",
    ),
    "another secret": (lambda _: signed_by_botocore(secret="wrong"), "InvalidSignatureException", "does not match"),
    "another body": (lambda w: replace(w, body=w.body + b" "), "InvalidSignatureException", "does not match"),
    "another method": (lambda w: replace(w, method="PUT"), "InvalidSignatureException", "does not match"),
    "another path": (
        lambda w: replace(w, path=w.path.replace(b"%3A", b":")),
        "InvalidSignatureException",
        "does not match",
    ),
    "another query": (lambda w: replace(w, query=b"a=1"), "InvalidSignatureException", "does not match"),
    "a body that is not signed": (
        lambda _: signed_by_botocore(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
        "InvalidSignatureException",
        "payload has to be signed",
    ),
    "a body signed in pieces": (
        lambda _: signed_by_botocore(headers={"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}),
        "InvalidSignatureException",
        "payload has to be signed",
    ),
    "the hash of another body": (
        lambda _: signed_by_botocore(headers={"X-Amz-Content-SHA256": "0" * 64}),
        "InvalidSignatureException",
        "not the SHA-256 of the body",
    ),
    "signed in the query": (
        lambda w: replace(w, query=b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"),
        "IncompleteSignatureException",
        "signed in their query",
    ),
    "signed in the query, disguised": (
        lambda w: replace(w, query=b"a=1&x-%61mz-signature=00"),
        "IncompleteSignatureException",
        "signed in their query",
    ),
}


@pytest.mark.parametrize(("change", "code", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_as_aws_refuses_it(change: Callable[[Wire], Wire], code: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check(change(signed_by_botocore()), clock())
    assert (refused.value.status, refused.value.code) == (403, code)
    assert said in refused.value.message
    assert SECRET not in refused.value.message


def test_a_signature_is_good_for_five_minutes_around_its_date() -> None:
    wire = signed_by_botocore()
    whole = clock() // SECOND * SECOND
    assert check(wire, whole + 298 * SECOND) == CALLER
    assert check(wire, whole - 298 * SECOND) == CALLER
    with pytest.raises(RefusedError, match=r"Signature expired: \w+ is now earlier than \w+ \(\w+ - 5 min\.\)"):
        check(wire, whole + 302 * SECOND)
    with pytest.raises(RefusedError, match=r"Signature not yet current: \w+ is still later than \w+ \(\w+ \+ 5 min"):
        check(wire, whole - 302 * SECOND)


def test_the_date_may_stand_in_the_date_header() -> None:
    wire = signed_by_botocore(headers={"Date": "now"})
    assert wire.header(b"date").endswith(b"GMT") or wire.header(b"date").endswith(b"-0000")
    assert check(wire, clock()) == CALLER
    with pytest.raises(RefusedError, match="Signature expired"):
        check(wire, clock() + 301 * SECOND)


def test_both_secrets_pass_while_a_rotation_overlaps() -> None:
    wire = signed_by_botocore()
    for secrets in ([b"new", SECRET.encode()], [SECRET.encode(), b"old"]):
        assert check(wire, clock(), lambda _, found=secrets: found) == CALLER  # type: ignore[misc]
    with pytest.raises(RefusedError, match="does not match"):
        check(wire, clock(), lambda _: [b"new", b"newer"])


def test_a_changed_host_passes_only_under_a_name_that_is_told() -> None:
    wire = signed_by_botocore(host="agents.example:8443").having((b"host", HOST.encode()))
    assert check(wire, clock(), hosts=[b"other.example", b"agents.example:8443"]) == CALLER
    with pytest.raises(RefusedError, match="does not match"):
        check(wire, clock(), hosts=[b"other.example"])


def test_the_javascript_sdk_signs_authority_in_place_of_host() -> None:
    stamp = signed_by_botocore().header(b"x-amz-date")
    lines = [(b":authority", HOST.encode()), (b"x-amz-date", stamp)]
    signed = b":authority;x-amz-date"
    empty = Wire("GET", b"/a%2Fb", b"", [], b"")
    text = canonical_request(b"GET", b"/a%252Fb", b"", lines, signed, empty.sha256.encode())
    made = signature(SECRET.encode(), stamp, REGION.encode(), b"bedrock", text).encode()
    scope = b"/".join((KEY_ID.encode(), stamp[:8], REGION.encode(), b"bedrock", b"aws4_request"))
    authorization = b"AWS4-HMAC-SHA256 Credential=" + scope + b", SignedHeaders=" + signed + b", Signature=" + made
    headers = [(b"host", HOST.encode()), (b"x-amz-date", stamp), (b"authorization", authorization)]
    assert check(replace(empty, headers=headers), clock()) == CALLER
    with pytest.raises(RefusedError, match="does not match"):
        check(replace(empty, headers=headers).having((b"host", b"evil.example")), clock())


def test_a_path_with_dot_segments_passes_also_as_it_stands() -> None:
    """Go's SDK keeps them, Python's and JavaScript's take them out."""
    wire = signed_by_botocore("GET", "/a/../b//c", body=b"")
    stamp = wire.header(b"x-amz-date")
    lines = [(b"host", HOST.encode()), (b"x-amz-date", stamp)]
    text = canonical_request(b"GET", b"/a/../b//c", b"", lines, b"host;x-amz-date", wire.sha256.encode())
    made = signature(SECRET.encode(), stamp, REGION.encode(), b"bedrock", text).encode()
    assert check(wire, clock()) == CALLER
    assert check(wire.authorized(wire.header(b"authorization")[-64:], made), clock()) == CALLER


def test_spaces_between_the_parts_of_authorization_and_their_order_do_not_matter() -> None:
    wire = signed_by_botocore()
    given = wire.header(b"authorization")
    algorithm, _, rest = given.partition(b" ")
    parts = rest.split(b", ")
    for changed in (algorithm + b"  " + b",".join(parts), algorithm + b" " + b" ,  ".join(reversed(parts))):
        assert check(wire.having((b"authorization", changed)), clock()) == CALLER


_TOKENS = st.sampled_from(
    [
        *("AWS4-HMAC-SHA256", " ", ",", "=", "/", ";", "Credential=", "SignedHeaders=", "Signature=", KEY_ID, "host"),
        *("x-amz-date", "bedrock", "aws4_request", REGION, "0" * 64, "\x00", "ÿ", "TH/20260101/r/bedrock/aws4_request"),
    ]
)


@given(st.lists(_TOKENS | st.text(max_size=5), max_size=14).map("".join))
def test_no_authorization_header_makes_anything_but_a_refusal(text: str) -> None:
    wire = signed_by_botocore().having((b"authorization", text.encode()))
    with pytest.raises(RefusedError):
        check(wire, clock())


@given(
    st.text(max_size=8),
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"host", b"date", b"x-amz-date", b"authorization", b"x-amz-content-sha256", b":authority"]
            ),
            st.binary(max_size=40)
            | st.sampled_from(
                [
                    b"AWS4-HMAC-SHA256 Credential=TH/20260101/r/bedrock/aws4_request, SignedHeaders=host, Signature=a",
                    b"20260101T000000Z",
                    b"Thu, 01 Jan 2026 00:00:00 GMT",
                ]
            ),
        ),
        max_size=8,
    ),
)
def test_no_request_makes_anything_but_a_refusal(
    method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    method = method.encode("utf-8", "replace").decode()
    with pytest.raises(RefusedError):
        verify(method, path, query, headers, "0" * 64, 1_767_225_600_000_000, lambda _: [b"s"])


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_no_date_header_makes_anything_but_a_refusal(date: bytes) -> None:
    wire = signed_by_botocore().without(b"x-amz-date").authorized(b";x-amz-date", b"").with_more((b"date", date))
    with pytest.raises(RefusedError):
        check(wire, clock())


def test_a_refusal_never_repeats_what_the_caller_sent_as_authorization() -> None:
    wire = signed_by_botocore().having((b"authorization", b"AWS4-HMAC-SHA256 topsecret"))
    with pytest.raises(RefusedError) as refused:
        check(wire, clock())
    assert not re.search("topsecret", refused.value.message)
    assert known("other") == ()
