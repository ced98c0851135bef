"""TLS on both sides, and answers that are read slowly."""

import random
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import certificates
from tests.proxy.asking import ask, send, signed, written
from tests.proxy.echoing import Echo, echoing
from tests.proxying import client_of, proxying

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificates.issue(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def upstream_tls(certificate: tuple[Path, Path]) -> Iterator[Echo]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with echoing(context) as running:
        yield running


def test_an_upstream_whose_certificate_nobody_vouches_for_is_refused(upstream_tls: Echo, tmp_path: Path) -> None:
    with proxying(upstream_tls.address, tmp_path, alone=True) as run:
        answer = ask(run)
        assert (answer.status, answer.header("x-amzn-errortype")) == (502, "BadGatewayException")
    assert upstream_tls.asked == []
    assert "Traceback" not in (tmp_path / "errors.txt").read_text()


def test_callers_come_by_tls_and_upstream_is_called_by_tls(
    upstream_tls: Echo, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = {"proxy_certificate": str(certificate[0]), "proxy_certificate_key": str(certificate[1])}
    with proxying(
        upstream_tls.address, tmp_path, alone=True, aws={"SSL_CERT_FILE": str(certificate[0])}, **settings
    ) as run:
        assert run.address.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        body = random.Random(3).randbytes(3 * MEGABYTE)
        answer = send(run.address, written(signed(run, target="/a%2Fb//c?d=e", body=body)), tls=trusting)
        asked = upstream_tls.take()
        assert (answer.status, asked.target, asked.body) == (200, "/a%2Fb//c?d=e", body)
        assert asked.is_signed()
        client = client_of(run.address, run.key_id, run.secret)
        client._endpoint.http_session._verify = str(certificate[0])
        client.list_sessions()
        client.close()
        assert upstream_tls.take().target == "/sessions/"


def test_an_answer_waits_for_a_caller_who_reads_slowly(tmp_path: Path) -> None:
    piece, pieces = random.Random(1).randbytes(MEGABYTE), 100
    sent: list[int] = []

    def sending() -> Iterator[bytes]:
        for number in range(pieces):
            sent.append(number)
            yield piece

    with echoing() as echo, proxying(echo.address, tmp_path, alone=True) as run:
        echo.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (pieces * MEGABYTE)
        url = urlsplit(run.address)
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=60) as connection:
            echo.more = sending()
            connection.sendall(written(signed(run, target="/unknown")))
            begun = connection.recv(1000)
            assert _when_it_rests(sent) < pieces / 2
            rest = bytearray(begun.partition(b"\r\n\r\n")[2])
            while len(rest) < pieces * MEGABYTE:
                part = connection.recv(MEGABYTE)
                assert part
                rest += part
        assert rest == piece * pieces
    assert len(sent) == pieces


def _when_it_rests(sent: list[int]) -> int:
    before = -1
    while before != len(sent):
        before = len(sent)
        time.sleep(0.7)
    return before
