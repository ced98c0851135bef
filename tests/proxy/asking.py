"""Asks by the byte, signed by botocore: what is sent is what a test says, and what comes back is kept as it came."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse, IncompleteRead
from urllib.parse import urlsplit

from tests.proxy.signing.requests import Wire, signed_by_botocore
from tests.proxying import Proxying

_PATIENCE = 60
PATH = "/agents/AGENT12345/agentAliases/ALIAS12345/sessions/one/text"
# Each connection's own (RFC 9110, 7.6.1), and what no two answers have alike.
OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


@dataclass(frozen=True)
class Answer:
    """An answer: names of headers are in small letters; `is_whole` tells whether it came to its end."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool = True

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for each, value in self.headers if each == name]

    def header(self, name: str) -> str:
        """The only value of a header."""
        (value,) = self.values(name)
        return value

    @property
    def told(self) -> list[tuple[str, str]]:
        """The headers that are the answer's and not the connection's."""
        return sorted(each for each in self.headers if each[0] not in OF_THE_CONNECTION)


def host_of(address: str) -> str:
    """As a Host header has it."""
    return urlsplit(address).netloc


def signed(run: Proxying, method: str = "POST", target: str = PATH, body: bytes = b"{}", **more: object) -> Wire:
    """A request that the key of `run` may make; `more` as for signed_by_botocore."""
    path, _, query = target.partition("?")
    given = {"key_id": run.key_id, "secret": run.secret, "host": host_of(run.address), **more}
    return signed_by_botocore(method, path, query, body=body, **given)  # type: ignore[arg-type]


def written(wire: Wire, chunks: Sequence[bytes] | None = None) -> bytes:
    """The request as bytes; with `chunks` as its body where these are given."""
    target = wire.path + (b"?" + wire.query if wire.query else b"")
    headers = list(wire.headers)
    body = wire.body
    if chunks is not None:
        headers.append((b"transfer-encoding", b"chunked"))
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    elif wire.body or wire.method not in ("GET", "HEAD"):
        headers.append((b"content-length", b"%d" % len(body)))
    lines = b"".join(b"%b: %b\r\n" % each for each in headers)
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (wire.method.encode(), target, lines, body)


def send(address: str, data: bytes, method: str = "GET", tls: ssl.SSLContext | None = None) -> Answer:
    """What is answered to these bytes on a new connection."""
    url = urlsplit(address)
    plain = socket.create_connection((url.hostname or "", url.port or 0), timeout=_PATIENCE)
    with tls.wrap_socket(plain, server_hostname=url.hostname) if tls else plain as connection:
        connection.sendall(data)
        return received(connection, method)


def received(connection: socket.socket, method: str = "GET") -> Answer:
    """The answer that comes on this connection."""
    with HTTPResponse(connection, method=method) as response:
        response.begin()
        headers = [(name.lower(), value) for name, value in response.headers.raw_items()]
        try:
            return Answer(response.status, headers, response.read())
        except IncompleteRead as error:
            return Answer(response.status, headers, error.partial, is_whole=False)


def ask(run: Proxying, method: str = "POST", target: str = PATH, body: bytes = b"{}", **more: object) -> Answer:
    """A signed call through the proxy."""
    return send(run.address, written(signed(run, method, target, body, **more)), method)
