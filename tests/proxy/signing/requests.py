"""Requests as they stand on the wire, signed by botocore: what verifying and signing are measured against."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials

from tracehub.proxy.signing.verify import Caller, verify

KEY_ID = "THABCDEFGHIJKLMNOPQR"
SECRET = "c2VjcmV0IG9mIGEga2V5IHRoYXQgdHJhY2VodWIg"
REGION = "eu-central-1"
HOST = "127.0.0.1:8322"
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Wire:
    """A request as a server receives it."""

    method: str
    path: bytes
    query: bytes
    headers: Headers
    body: bytes

    @property
    def sha256(self) -> str:
        """Of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    def header(self, name: bytes) -> bytes:
        """The only value of a header."""
        (value,) = [value for each, value in self.headers if each == name]
        return value

    def having(self, *changed: tuple[bytes, bytes]) -> "Wire":
        """With these headers in place of those of the same name."""
        names = {name for name, _ in changed}
        return replace(self, headers=[*(each for each in self.headers if each[0] not in names), *changed])

    def without(self, name: bytes) -> "Wire":
        """Without a header."""
        return replace(self, headers=[each for each in self.headers if each[0] != name])

    def with_more(self, *added: tuple[bytes, bytes]) -> "Wire":
        """With headers added, even of names that are there."""
        return replace(self, headers=[*self.headers, *added])

    def authorized(self, old: bytes, new: bytes) -> "Wire":
        """With a part of the Authorization header replaced."""
        value = self.header(b"authorization")
        assert old in value
        return self.having((b"authorization", value.replace(old, new)))


def known(key_id: str) -> Sequence[bytes]:
    """The secrets of the only key there is."""
    return (SECRET.encode(),) if key_id == KEY_ID else ()


def check(
    wire: Wire, now: int, secrets_of: Callable[[str], Sequence[bytes]] = known, hosts: Sequence[bytes] = ()
) -> Caller:
    """Verifies a request."""
    return verify(wire.method, wire.path, wire.query, wire.headers, wire.sha256, now, secrets_of, hosts=hosts)


def signed_by_botocore(
    method: str = "POST",
    path: str = "/agents/AGENT12345/agentAliases/ALIAS12345/sessions/a%3Ab._-1/text",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes = b'{"inputText":"hello"}',
    *,
    key_id: str = KEY_ID,
    secret: str = SECRET,
    token: str | None = None,
    region: str = REGION,
    service: str = "bedrock",
    host: str = HOST,
) -> Wire:
    """A request that botocore signs now."""
    url = f"http://{host}{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, data=body, headers={"Host": host, **(headers or {})})
    SigV4Auth(Credentials(key_id, secret, token), service, region).add_auth(request)
    sent = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    return Wire(method, path.encode(), query.encode(), sent, body)


def sent_by_boto3(call: Callable[[Any], object]) -> Wire:
    """What boto3's client for the agents' runtime sends, down to its headers, when `call` calls it."""
    client = boto3.client(
        "bedrock-agent-runtime",
        region_name=REGION,
        endpoint_url=f"http://{HOST}",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}),
    )
    caught: list[Wire] = []

    def catch(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = [(b"host", parts.netloc.encode())]
        for name, value in request.headers.items():
            headers.append((name.lower().encode(), value if isinstance(value, bytes) else str(value).encode()))
        caught.append(Wire(request.method, parts.path.encode(), parts.query.encode(), headers, _body_of(request.body)))
        raise _CaughtError

    client.meta.events.register("before-send.*.*", catch)
    with suppress(_CaughtError):
        call(client)
    (wire,) = caught
    return wire


class _CaughtError(Exception):
    """Ends a call once its request is known."""


def _body_of(body: bytes | str | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""
