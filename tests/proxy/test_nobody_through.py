"""Who may not call reaches nobody, and hears it in AWS's own words."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.proxy import asking
from tests.proxy.asking import PATH, Answer, ask, host_of, send, signed, written
from tests.proxy.echoing import Echo, echoing
from tests.proxy.signing.requests import Wire
from tests.proxy.wire import BrokenError, Http2Client, connected
from tests.proxying import REGION, UPSTREAM_KEY, Proxying, client_of, proxying

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CALL = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "one", "inputText": "hi"}


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def run(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(echo.address, folder, alone=True) as running:
        yield running
        assert (folder / "errors.txt").read_text().count("Traceback") == 0


@pytest.fixture(autouse=True)
def nobody_is_reached(echo: Echo) -> Iterator[None]:
    echo.take_all()
    yield
    assert echo.asked == []


def at(seconds: float) -> Callable[[Wire], Wire]:
    """A change that makes the request one of another time, and leaves its signature."""
    stamp = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ").encode()
    return lambda wire: wire.having((b"x-amz-date", stamp))


REFUSED: dict[str, tuple[str, Callable[[Wire], Wire]]] = {
    "a changed body": ("InvalidSignatureException", lambda wire: replace(wire, body=b'{"inputText":"other"}')),
    "a body more": ("InvalidSignatureException", lambda wire: replace(wire, body=wire.body + b" ")),
    "no body": ("InvalidSignatureException", lambda wire: replace(wire, body=b"")),
    "a changed path": ("InvalidSignatureException", lambda wire: replace(wire, path=wire.path + b"x")),
    "an encoded path": ("InvalidSignatureException", lambda wire: replace(wire, path=wire.path.replace(b"o", b"%6f"))),
    "a query": ("InvalidSignatureException", lambda wire: replace(wire, query=b"a=b")),
    "another method": ("InvalidSignatureException", lambda wire: replace(wire, method="PUT")),
    "a changed header": ("InvalidSignatureException", lambda wire: wire.having((b"x-amz-mine", b"2"))),
    "a missing header": ("InvalidSignatureException", lambda wire: wire.without(b"x-amz-mine")),
    "a header doubled": ("InvalidSignatureException", lambda wire: wire.with_more((b"x-amz-mine", b"1"))),
    "a date doubled": (
        "InvalidSignatureException",
        lambda wire: wire.with_more((b"x-amz-date", wire.header(b"x-amz-date"))),
    ),
    "a header of AWS's added": ("InvalidSignatureException", lambda wire: wire.with_more((b"x-amz-other", b"1"))),
    "another host": ("InvalidSignatureException", lambda wire: wire.having((b"host", b"example.com"))),
    "no date": ("IncompleteSignatureException", lambda wire: wire.without(b"x-amz-date")),
    "another date": ("InvalidSignatureException", at(-60)),
    "an unreadable date": (
        "IncompleteSignatureException",
        lambda wire: wire.having((b"x-amz-date", b"yesterday")),
    ),
    "no authorization": ("MissingAuthenticationTokenException", lambda wire: wire.without(b"authorization")),
    "two authorizations": (
        "IncompleteSignatureException",
        lambda wire: wire.with_more((b"authorization", wire.header(b"authorization"))),
    ),
    "a bearer token": (
        "IncompleteSignatureException",
        lambda wire: wire.having((b"authorization", b"Bearer abc")),
    ),
    "an empty authorization": ("IncompleteSignatureException", lambda wire: wire.having((b"authorization", b""))),
    "a key cut off": ("UnrecognizedClientException", lambda wire: wire.authorized(b"Credential=TH", b"Credential=T")),
    "another region in the scope": (
        "InvalidSignatureException",
        lambda wire: wire.authorized(b"/eu-central-1/", b"/us-east-1/"),
    ),
    "another service in the scope": (
        "InvalidSignatureException",
        lambda wire: wire.authorized(b"/bedrock/", b"/bedrock-agent/"),
    ),
    "a host that is not signed": (
        "InvalidSignatureException",
        lambda wire: wire.authorized(b"SignedHeaders=host;", b"SignedHeaders="),
    ),
    "a signature of zeros": (
        "InvalidSignatureException",
        lambda wire: wire.having(
            (b"authorization", re.sub(rb"Signature=\w+", b"Signature=" + b"0" * 64, wire.header(b"authorization")))
        ),
    ),
    "no signature": (
        "IncompleteSignatureException",
        lambda wire: wire.having((b"authorization", re.sub(rb"Signature=\w+", b"", wire.header(b"authorization")))),
    ),
    "an unsigned payload": (
        "InvalidSignatureException",
        lambda wire: wire.having((b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")),
    ),
    "a session token": ("InvalidSignatureException", lambda wire: wire.with_more((b"x-amz-security-token", b"t"))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_signature_of_another_request_is_refused(run: Proxying, name: str) -> None:
    code, change = REFUSED[name]
    wire = change(signed(run, body=b'{"inputText":"hi"}', headers={"X-Amz-Mine": "1"}))
    assert _code(send(run.address, written(wire))) == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"secret": "another secret"}, "InvalidSignatureException"),
        ({"key_id": "THNOSUCHKEY000000000"}, "UnrecognizedClientException"),
        ({"key_id": "AKIAIOSFODNN7EXAMPLE", "secret": "of a real account"}, "UnrecognizedClientException"),
        ({"key_id": UPSTREAM_KEY, "secret": "the-upstream-secret-that-nobody-may-see-"}, "UnrecognizedClientException"),
        ({"token": "FwoGZXIvYXdzEXAMPLE"}, "UnrecognizedClientException"),
        ({"service": "s3"}, "InvalidSignatureException"),
        ({"host": "bedrock-agent-runtime.eu-central-1.amazonaws.com"}, None),
    ],
)
def test_a_request_signed_well_by_somebody_else_is_refused(
    run: Proxying, echo: Echo, given: dict[str, Any], code: str | None
) -> None:
    answer = ask(run, **given)
    if code is None:
        assert answer.status == 200
        echo.take()
    else:
        assert _code(answer) == code


@pytest.mark.parametrize(("seconds", "said"), [(-301, "expired"), (-86_400, "expired"), (301, "not yet current")])
def test_a_request_of_another_time_is_refused(
    run: Proxying, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str
) -> None:
    at_that_time = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: at_that_time)
    captured = written(signed(run))
    answer = send(run.address, captured)
    assert _code(answer) == "InvalidSignatureException"
    assert said in json.loads(answer.body)["message"]


def test_a_signature_in_the_query_is_refused(run: Proxying) -> None:
    request = AWSRequest("GET", f"{run.address}/agents/A/agentAliases/B/memories", headers={})
    SigV4QueryAuth(Credentials(run.key_id, run.secret), "bedrock", REGION, 300).add_auth(request)
    target = str(request.url).removeprefix(run.address)
    plain = f"GET {target} HTTP/1.1\r\nhost: {host_of(run.address)}\r\n\r\n"
    assert _code(send(run.address, plain.encode())) == "IncompleteSignatureException"


def test_a_key_that_is_revoked_expired_or_rotated_out_is_refused(run: Proxying, echo: Echo) -> None:
    revoked, rotated = run.new_key(), run.new_key()
    expiring = run.new_key("--expires", "8s")
    run.tracehub("keys", "revoke", revoked[0])
    run.tracehub("keys", "rotate", rotated[0], "--overlap", "0s")
    _until_refused(run, *revoked, code="UnrecognizedClientException")
    _until_refused(run, *rotated, code="InvalidSignatureException")
    _until_refused(run, *expiring, code="UnrecognizedClientException")
    echo.take_all()
    assert [_code(ask(run, key_id=key, secret=secret)) for key, secret in (revoked, rotated, expiring)] == [
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    ]


def test_a_limited_key_can_do_nothing_else(run: Proxying, echo: Echo) -> None:
    limits = ("--agent", "AGENT12345", "--alias", "ALIAS12345", "--operation", "InvokeAgent")
    key_id, secret = run.new_key(*limits)
    for method, target in (
        ("POST", PATH.replace("AGENT", "OTHER")),
        ("POST", PATH.replace("ALIAS", "OTHER")),
        ("GET", PATH.replace("sessions/one/text", "memories")),
        ("POST", "/agents/AGENT12345"),
        ("POST", "/sessions/"),
        ("POST", "/knowledgebases/K/retrieve"),
        ("POST", "/no/such/operation"),
        ("POST", f"/{PATH}"),
        ("POST", f"{PATH}/"[:-1] + "/more"),
        ("POST", PATH.replace("/sessions", "//sessions")),
        ("POST", PATH.replace("/sessions", "/../../OTHER12345/agentAliases/ALIAS12345/sessions")),
        ("POST", PATH.replace("/sessions", "/%2e%2e/%2e%2e/OTHER12345/agentAliases/ALIAS12345/sessions")),
        ("POST", PATH.replace("AGENT12345", "AGENT12345%2F")),
        ("POST", PATH.replace("AGENT12345", "agent12345")),
        ("PUT", PATH),
    ):
        assert _code(ask(run, method, target, key_id=key_id, secret=secret)) == "AccessDeniedException", target
    assert echo.asked == []
    for target in (PATH, PATH.replace("AGENT1", "AGENT%31"), f"{PATH}?x=/../y"):
        assert ask(run, "POST", target, key_id=key_id, secret=secret).status == 200
    echo.take_all()


def test_a_key_that_asks_too_often_is_throttled(run: Proxying, echo: Echo) -> None:
    key_id, secret = run.new_key("--rate", "0.01")
    answer = ask(run, key_id=key_id, secret=secret)
    echo.take_all()
    assert (answer.status, _code(answer)) == (429, "ThrottlingException")


def test_boto3_raises_what_it_would_raise_of_aws(run: Proxying, echo: Echo) -> None:
    limited = run.new_key("--agent", "OTHER12345", "--rate", "1")
    echo.take_all()
    denied = _raised(run, *limited)
    assert type(denied).__name__ == "AccessDeniedException"
    wrong = _raised(run, run.key_id, "wrong")
    assert wrong.response["Error"]["Code"] == "InvalidSignatureException"
    assert "does not match the signature you provided" in wrong.response["Error"]["Message"]
    unknown = _raised(run, "THNOSUCHKEY000000000", "wrong")
    assert unknown.response["Error"]["Code"] == "UnrecognizedClientException"
    for error, status in ((denied, 403), (wrong, 403), (unknown, 403)):
        metadata = error.response["ResponseMetadata"]
        assert metadata["HTTPStatusCode"] == status
        assert re.fullmatch(UUID, metadata["RequestId"])


def test_boto3_raises_throttling_as_of_aws(run: Proxying, echo: Echo) -> None:
    limited = run.new_key("--rate", "0.01")
    echo.take_all()
    error = _raised(run, *limited)
    assert (type(error).__name__, error.response["Error"]["Message"]) == ("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    "pseudo",
    [
        {b":path": b".example.com/x"},
        {b":path": b"@127.0.0.1:{port}/x"},
        {b":path": b":{port}/x"},
        {b":path": b"x"},
        {b":path": b"*"},
        {b":path": b"/a#b"},
        {b":path": b"/a?b#c"},
        {b":path": b"/a b"},
        {b":path": b"/a HTTP/1.1"},
        {b":path": b"/caf\xc3\xa9"},
        {b":path": b"http://127.0.0.1:{port}/"},
        {b":method": b"post"},
        {b":method": b"GET /other HTTP/1.1"},
        {b":method": b"CONNECT"},
        {b":method": b""},
        {b"x y": b"1"},
        {b"x:": b"1"},
        {b"x-latin": b"caf\xe9"},
        {b"x-control": b"a\x01b"},
    ],
)
def test_what_only_http2_can_carry_reaches_nobody(echo: Echo, open_run: Proxying, pseudo: dict[bytes, bytes]) -> None:
    port = echo.address.rpartition(":")[2].encode()
    given = {name: value.replace(b"{port}", port) for name, value in pseudo.items()}
    status = asyncio.run(_http2(open_run.address, given))
    assert status in (400, None), status


@pytest.fixture(scope="module")
def open_run(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    """A proxy whose callers of this machine need no key."""
    folder = tmp_path_factory.mktemp("open")
    with proxying(echo.address, folder, alone=True, proxy_open_on_loopback="true") as running:
        yield running
        assert (folder / "errors.txt").read_text().count("Traceback") == 0


def test_this_machine_needs_no_key_where_it_was_opened(echo: Echo, open_run: Proxying) -> None:
    for host in ("127.0.0.1:8322", "localhost:8322", "localhost", "[::1]:8322"):
        assert send(open_run.address, _bare(host)).status == 200
        assert echo.take().is_signed()
    assert ask(open_run, secret="wrong").status == 200
    assert echo.take().is_signed()


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("127.0.0.1:8322", "origin: https://example.com\r\n"),
        ("127.0.0.1:8322", "sec-fetch-site: cross-site\r\n"),
        ("example.com:8322", ""),
        ("127.0.0.1.example.com", ""),
        ("192.0.2.1:8322", ""),
        ("", ""),
    ],
)
def test_a_page_in_a_browser_of_this_machine_is_not_this_machine(open_run: Proxying, host: str, headers: str) -> None:
    assert _code(send(open_run.address, _bare(host, headers))) == "MissingAuthenticationTokenException"


def test_it_is_shut_where_it_was_not(run: Proxying) -> None:
    request = _bare("127.0.0.1", "x-forwarded-for: 127.0.0.1\r\n")
    assert _code(send(run.address, request)) == "MissingAuthenticationTokenException"


def _bare(host: str, headers: str = "") -> bytes:
    return f"POST {PATH} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: 2\r\n\r\n{{}}".encode()


def _code(answer: Answer) -> str:
    """The code of a refusal that is in AWS's shape throughout."""
    code = answer.header("x-amzn-errortype")
    assert answer.status == (429 if code == "ThrottlingException" else 403)
    assert answer.header("content-type") == "application/json"
    assert list(json.loads(answer.body)) == ["message"]
    assert re.fullmatch(UUID, answer.header("x-amzn-requestid"))
    return code


def _raised(run: Proxying, key_id: str, secret: str) -> Any:
    client = client_of(run.address, key_id, secret)
    with pytest.raises(ClientError) as raised:
        client.invoke_agent(**CALL)
    client.close()
    return raised.value


def _until_refused(run: Proxying, key_id: str, secret: str, *, code: str) -> None:
    deadline = time.monotonic() + 60
    while (answer := asking.ask(run, key_id=key_id, secret=secret)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert _code(answer) == code


async def _http2(address: str, given: dict[bytes, bytes]) -> int | None:
    """The status, None where the request was no HTTP/2 at all."""
    async with connected(Http2Client, address) as client:
        pseudo = {b":method": b"GET", b":scheme": b"http", b":authority": b"127.0.0.1", b":path": b"/", **given}
        client.latest = client.h2.get_next_available_stream_id()
        client._parts[client.latest] = []
        client.h2.config.validate_outbound_headers = False
        client.h2.send_headers(client.latest, list(pseudo.items()), end_stream=True)
        client.flush()
        try:
            return (await client.head())[0]
        except BrokenError:
            return None
