"""Sends bodies to a server from several connections, and prints how long it took until all were acknowledged."""

import http.client
import sys
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from benchmarks.data import bodies

CONNECTIONS = 4
BODY = 1_000_000


def main(address: str, traffic: Path) -> None:
    """Prints the seconds from the first request to the last answer; raises where any body was not taken."""
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for body in bodies(traffic, BODY):
        waiting.put(body)
    refused: list[int] = []
    senders = [threading.Thread(target=_send, args=(address, waiting, refused)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if refused:
        msg = f"refused with {refused}"
        raise RuntimeError(msg)
    print(time.perf_counter() - began)


def _send(address: str, waiting: "SimpleQueue[bytes]", refused: list[int]) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    while True:
        try:
            body = waiting.get_nowait()
        except Empty:
            return
        while True:
            connection.request("POST", "/api/v1/records", body, {"Content-Type": "application/x-ndjson"})
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                break
            if response.status != 503:
                refused.append(response.status)
                return
            time.sleep(float(response.headers.get("Retry-After", "1")))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
