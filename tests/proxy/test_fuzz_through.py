"""Whatever is sent to the proxy, it answers without failing, and no secret shows anywhere."""

import random
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.proxy.asking import PATH, signed, written
from tests.proxy.echoing import Echo, echoing
from tests.proxy.signing.requests import Wire
from tests.proxying import UPSTREAM_SECRET, Proxying, proxying

SEED = 20261123
_SILENCE = 0.2
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TOKENS = [
    *b"GET |POST |CONNECT |*|/|//|http://x| HTTP/1.1| HTTP/1.0| HTTP/9.9|: |%|%00|?|#|__tracehub/metrics".split(b"|"),
    *b"host: x|content-length: 5|content-length: -1|content-length: 99999999999999999999".split(b"|"),
    *b"transfer-encoding: chunked|expect: 100-continue|upgrade: h2c|connection: upgrade".split(b"|"),
    *b"authorization: AWS4-HMAC-SHA256 Credential=|/20261123/eu-central-1/bedrock/aws4_request".split(b"|"),
    *b", SignedHeaders=host|, Signature=0|x-amz-date: 20261123T000000Z|x-amz-content-sha256: ".split(b"|"),
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\0", b"5\r\nhello\r\n", b"0\r\n\r\n", b"ffffffffff\r\n"),
    *(b"\xff\xfe", b"a" * 5000, "日本".encode(), PREFACE, PATH.encode()),
]


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as running:
        yield running


@pytest.fixture(scope="module")
def run(echo: Echo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxying]:
    folder = tmp_path_factory.mktemp("proxy")
    with proxying(echo.address, folder, proxy_attributes="shown") as running:
        yield running


def test_nothing_that_is_sent_makes_it_fail_or_tell_a_secret(run: Proxying, echo: Echo) -> None:
    chance = random.Random(SEED)
    kinds = (_noise, _pieces, _mutated, _headers, _mutated, _headers, _http2)
    requests = [kinds[number % len(kinds)](chance, run) for number in range(4200)]
    with ThreadPoolExecutor(32) as threads:
        answers = list(
            threads.map(lambda each: _sent(run.address, each[1], half_closed=each[0] % 4 == 0), enumerate(requests))
        )
    failed = [each for each in zip(answers, requests, strict=True) if re.match(rb"HTTP/1.1 5", each[0])]
    assert failed == []
    statuses = Counter(answer[9:12] for answer in answers)
    assert min(statuses[b"200"], statuses[b"400"], statuses[b"403"]) > 100, statuses
    assert all(asked.is_signed() for asked in echo.asked)
    authorizations = {asked.header("authorization") for asked in echo.asked}
    authorizations |= {found.decode() for each in requests for found in re.findall(rb"Signature=[0-9a-f]{64}", each)}
    metrics = httpx.get(f"{run.address}/__tracehub/metrics").content
    pages = b"".join(httpx.get(f"{run.web}{path}").content for path in ("/metrics", "/api/v1/proxy-keys", "/"))
    events = _events(run)
    run.process.terminate()
    run.process.wait(60)
    said = run.folder.joinpath("errors.txt").read_bytes()
    assert b"Traceback" not in said, said[-3000:].decode()
    files = [file for file in run.folder.rglob("*") if file.is_file()]
    assert {"tracehub.db", "errors.txt"} <= {file.name for file in files}
    secrets = [
        UPSTREAM_SECRET,
        run.secret,
        "HIDDEN-VALUE",
        *(each.partition("Signature=")[2] for each in authorizations),
    ]
    assert b"SHOWN" in events
    found = _found(secrets, {"answers": b"".join(answers), "metrics": metrics, "pages": pages, "events": events}, files)
    assert found == []


def _events(run: Proxying) -> bytes:
    """All that was stored, as it was received: the database holds it compressed."""
    until = time.monotonic() + 60
    with httpx.Client(base_url=run.web or "") as client:
        while not (traces := client.get("/api/v1/traces?limit=500").json()["items"]):
            assert time.monotonic() < until
            time.sleep(0.1)
        return b"".join(client.get(f"/api/v1/traces/{each['trace_id']}/events").content for each in traces)


def _found(secrets: list[str], said: dict[str, bytes], files: list[Path]) -> list[tuple[str, str]]:
    given = {**said, **{file.name: file.read_bytes() for file in files}}
    return [(secret, name) for secret in secrets for name, data in given.items() if secret.encode() in data]


def _sent(address: str, data: bytes, half_closed: bool) -> bytes:
    """What comes back until the proxy is silent or closes; a part of a request gets no answer."""
    url = urlsplit(address)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(data)
            if half_closed:
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(_SILENCE)
            while part := connection.recv(65536):
                answer += part
        except (ConnectionError, TimeoutError):
            pass
        return answer


def _noise(chance: random.Random, run: Proxying) -> bytes:
    return chance.randbytes(chance.randrange(1, 3000))


def _pieces(chance: random.Random, run: Proxying) -> bytes:
    return b"".join(chance.choices(TOKENS, k=chance.randrange(1, 40)))


def _wire(chance: random.Random, run: Proxying) -> Wire:
    body = b'{"inputText":"hi","sessionState":{"sessionAttributes":{"shown":"SHOWN","other":"HIDDEN-VALUE"}}}'
    target = chance.choice([PATH, "/agents/one", "/sessions/", "/a/b?c=d", "/x%2Fy"])
    return signed(run, chance.choice(["POST", "GET", "PUT"]), target, body, headers={"X-Amz-Mine": "1"})


def _mutated(chance: random.Random, run: Proxying) -> bytes:
    """A good request with some of its bytes changed, taken out, put in or doubled."""
    data = bytearray(written(_wire(chance, run)))
    for _ in range(chance.randrange(0, 5)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 30)]
            case 2:
                data[at:at] = chance.choice(TOKENS)
            case _:
                data[at:at] = data[at : at + chance.randrange(1, 200)]
    return bytes(data)


def _headers(chance: random.Random, run: Proxying) -> bytes:
    """A good request of which headers are changed, doubled or left out."""
    wire = _wire(chance, run)
    name, value = chance.choice(wire.headers)
    cut = chance.randrange(len(value) + 1)
    odd = chance.choice([b"", value[:cut], value + b"," + value, chance.choice(TOKENS).strip(), b"\x80" + value])
    match chance.randrange(3):
        case 0:
            wire = wire.without(name)
        case 1:
            wire = wire.with_more((name, odd))
        case _:
            wire = wire.having((name, odd))
    return written(replace(wire, body=wire.body[: chance.choice([None, 10])]))


def _http2(chance: random.Random, run: Proxying) -> bytes:
    """Frames of any kind behind the preface of HTTP/2."""
    frames = [PREFACE, b"\0\0\0\4\0\0\0\0\0"] if chance.random() < 0.8 else [PREFACE]
    for _ in range(chance.randrange(1, 12)):
        payload = chance.randbytes(chance.choice([0, 4, 5, 8, 40]))
        head = len(payload).to_bytes(3, "big") + bytes([chance.randrange(11), chance.randrange(256)])
        frames.append(head + chance.choice([0, 1, 3, 2**31 - 1]).to_bytes(4, "big") + payload)
    return b"".join(frames)
