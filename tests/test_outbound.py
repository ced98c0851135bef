"""Requests to entered addresses reach what is allowed, and nothing else whatever the address looks like."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tracehub.outbound import Outbound, RefusedAddressError, UnreachableError

LOOPBACK = ("127.0.0.0/8",)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"x" * 100_000 if self.path == "/long" else sent + self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Answer", "yes")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    found = Outbound(LOOPBACK)
    yield found
    found.close()


def test_an_allowed_address_gets_the_body_under_its_own_name(port: int, outbound: Outbound) -> None:
    reply = outbound.request("POST", f"http://localhost:{port}/x?y=1", body=b"hello ")
    assert (reply.status, reply.headers["x-answer"], reply.cut) == (200, "yes", False)
    assert reply.body == f"hello localhost:{port}".encode()


def test_a_redirect_is_a_reply_and_not_followed(port: int, outbound: Outbound) -> None:
    reply = outbound.request("POST", f"http://127.0.0.1:{port}/away", body=b"")
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/")


def test_a_long_reply_is_cut(port: int, outbound: Outbound) -> None:
    reply = outbound.request("POST", f"http://127.0.0.1:{port}/long", body=b"", most_bytes=1000)
    assert (len(reply.body), reply.cut) == (1000, True)


INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "localhost",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "100.64.0.1",
    "224.0.0.1",
    "[::1]",
    "[fd12::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]
NEVER = ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "192.0.0.192", "[::ffff:169.254.169.254]", "0.0.0.0"]


@pytest.mark.parametrize("host", INSIDE + NEVER)
def test_addresses_inside_are_refused_however_they_are_spelled(host: str) -> None:
    with pytest.raises(RefusedAddressError, match="leads to"):
        Outbound().check(f"http://{host}/")


@pytest.mark.parametrize("host", NEVER)
def test_metadata_services_are_refused_even_where_everything_is_allowed(host: str) -> None:
    with pytest.raises(RefusedAddressError, match="nothing may be sent"):
        Outbound(("0.0.0.0/0", "::/0")).check(f"http://{host}/")


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "//example.com", "http://", "http://u:p@example.com", "http://a b/", "http://x:99999"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddressError):
        Outbound().check(url)


def test_a_name_is_refused_where_any_of_its_addresses_is_inside() -> None:
    outbound = Outbound(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(RefusedAddressError, match=r"10\.0\.0\.1"):
        outbound.check("https://two-faced.example/")


def test_the_address_that_was_checked_is_the_one_that_is_reached(port: int) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.9"]])
    outbound = Outbound(LOOPBACK, resolve=lambda host, port: next(answers))
    assert outbound.request("POST", f"http://rebound.example:{port}/", body=b"").status == 200
    with pytest.raises(StopIteration):
        [next(answers), next(answers)]
    outbound.close()


def test_nobody_there_is_worth_another_try(outbound: Outbound) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="did not answer"):
            outbound.request("POST", f"http://127.0.0.1:{taken.getsockname()[1]}/", body=b"")
    with pytest.raises(UnreachableError, match="resolved"):
        outbound.check("http://no-such-name.invalid/")
