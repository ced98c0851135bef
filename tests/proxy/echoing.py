"""A stand-in of AWS that keeps every request to the byte, says whether it was signed well, and answers what it is told.

Nothing here is an HTTP library: those would tidy up what the proxy sends.
"""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.proxying import REGION, UPSTREAM_KEY, UPSTREAM_SECRET

Header = tuple[str, str]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: r-1\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Asked:
    """A request as it stood on the wire; names of headers are in small letters, values latin-1."""

    method: str
    target: str
    headers: list[Header]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for each, value in self.headers if each == name]

    def header(self, name: str) -> str:
        """The only value of a header."""
        (value,) = self.values(name)
        return value

    def is_signed(
        self,
        key_id: str = UPSTREAM_KEY,
        secret: str = UPSTREAM_SECRET,
        region: str = REGION,
        token: str | None = None,
    ) -> bool:
        """Whether botocore gives this request the signature it has."""
        stamp = self.header("x-amz-date")
        auth = SigV4Auth(Credentials(key_id, secret, token), "bedrock", region)
        words = dict(each.split("=", 1) for each in self.header("authorization").partition(" ")[2].split(", "))
        request = AWSRequest(self.method, f"http://{self.header('host')}{self.target}", data=self.body)
        for name in words["SignedHeaders"].split(";"):
            for value in self.values(name):
                request.headers[name] = value
        request.context["timestamp"] = stamp
        made = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return (words["Credential"], words["Signature"]) == (
            f"{key_id}/{stamp[:8]}/{region}/bedrock/aws4_request",
            made,
        ) and self.values("x-amz-security-token") == ([token] if token else [])


@dataclass
class Echo:
    """`answer` is what the next request gets, or what makes it; the connection ends behind one that says so.

    `more` is sent behind the answer, as fast as it is read.
    """

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: bytes | Callable[[Asked], bytes] = OK
    more: Iterator[bytes] = field(default_factory=lambda: iter(()))

    def take(self) -> Asked:
        """The only request since this was asked last."""
        (asked,) = self.take_all()
        return asked

    def take_all(self) -> list[Asked]:
        """All requests since this was asked last."""
        taken, self.asked[:] = list(self.asked), []
        self.answer = OK
        return taken


@contextmanager
def echoing(tls: ssl.SSLContext | None = None) -> Iterator[Echo]:
    """One on a free port."""
    echo = Echo()

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                while (asked := _read(self)) is not None:
                    echo.asked.append(asked)
                    answer = echo.answer if isinstance(echo.answer, bytes) else echo.answer(asked)
                    self.wfile.write(
                        answer if asked.method != "HEAD" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                    )
                    for piece in echo.more:
                        self.wfile.write(piece)
                    if b"\r\nconnection: close\r\n" in answer[:2000].lower():
                        return
            except OSError:
                return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 128

        def get_request(self) -> tuple[object, object]:  # type: ignore[override]
            connection, address = super().get_request()
            return (tls.wrap_socket(connection, server_side=True) if tls else connection), address

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller that does not trust the certificate is what the test wants."""

    with Server(("127.0.0.1", 0), Connection) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        echo.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        try:
            yield echo
        finally:
            server.shutdown()
            thread.join()


def _read(connection: socketserver.StreamRequestHandler) -> Asked | None:
    first = connection.rfile.readline().decode("latin-1").rstrip("\r\n")
    if not first:
        return None
    method, _, rest = first.partition(" ")
    headers = []
    while line := connection.rfile.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip(" ")))
    sizes = [int(value) for name, value in headers if name == "content-length"]
    body = connection.rfile.read(sizes[0]) if sizes else b""
    return Asked(method, rest.removesuffix(" HTTP/1.1"), headers, body)
