"""How long the server takes for its pages, over HTTP on one connection."""

import http.client
import time
from urllib.parse import quote, urlsplit

ROUNDS = 40


def p95_ms(address: str, path: str, rounds: int = ROUNDS) -> tuple[float, int]:
    """The 95th percentile of `rounds` requests after two to warm up, in milliseconds, and the bytes of one answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    seconds = []
    size = 0
    for number in range(rounds + 2):
        began = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            msg = f"{path} answered {response.status}"
            raise RuntimeError(msg)
        if number >= 2:
            seconds.append(time.perf_counter() - began)
        size = len(body)
    connection.close()
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000, size


def session_path(session_id: str) -> str:
    """The page of a session."""
    return f"/sessions/{quote(session_id, safe='')}"
