"""A body is bounded in size and time wherever it is sent, also by strangers."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.serving import Server, serving

KEY = "a-key-of-sixteen-characters-or-more"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FILES = {"Content-Type": "multipart/form-data; boundary=b"}
FILE_HEAD = b'--b\r\nContent-Disposition: form-data; name="key"; filename="f"\r\n\r\n'


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('locked') / 'x.db'}"
    with serving(url, api_keys=KEY, body_timeout_seconds=1) as running:
        yield running


def test_a_stranger_cannot_fill_memory_or_disk_through_the_login(locked: Server) -> None:
    announced = locked.client.post("/login", content=b"key=" + b"x" * 70_000, headers=FORM)
    streamed = locked.client.post("/login", content=iter([b"&a=" + b"x" * 30_000] * 4), headers=FORM)
    spooled = locked.client.post("/login", content=iter([FILE_HEAD, *[b"x" * 30_000] * 4]), headers=FILES)
    assert [answer.status_code for answer in (announced, streamed, spooled)] == [413, 413, 413]


@pytest.mark.parametrize("path", ["/login", "/api/v1/records"])
def test_a_body_that_never_ends_is_given_up(locked: Server, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nkey="
    )
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", locked.app.settings.port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 15
