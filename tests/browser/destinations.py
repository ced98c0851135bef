"""A server whose traces go to receivers that are really there: one takes them, one refuses, one is not there."""

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.served import serving
from tests.exporters.receiver import TAKEN, Answer, Receiver, Request, receiving, refusing
from tests.traffic import demo_lines

SESSIONS = 12
HOSTILE = "</bdi><script>alert('h0st1le')</script>\u202e<img src=x onerror=alert(1)>"


@contextmanager
def serving_destinations(folder: Path) -> Iterator[str]:
    """Serves demo sessions with four destinations, each in another state."""
    with receiving() as taking, receiving() as picky:
        picky.answers = _mostly
        (folder / "tracehub.toml").write_text(_declared(taking, picky))
        with serving(folder, TRACEHUB_ALLOWED_NETWORKS="127.0.0.0/8") as address:
            request = urllib.request.Request(f"{address}/api/v1/records", demo_lines(SESSIONS))
            urllib.request.urlopen(request, timeout=60).close()
            deadline = time.monotonic() + 60
            while not (taking.requests and picky.requests) and time.monotonic() < deadline:
                time.sleep(0.1)
            yield address


def _declared(taking: Receiver, picky: Receiver) -> str:
    return f"""
[[destinations]]
name = "tempo"
endpoint = "{taking.address}"
settle_seconds = 0
hold_minutes = 0

[[destinations]]
name = "picky"
endpoint = "{picky.address}"
content = "truncated"
settle_seconds = 0
hold_minutes = 0
headers = {{ Authorization = "Bearer canary-of-the-picky" }}
filter = {{ outcomes = ["ok", "failed"] }}
sampling = {{ share = 0.9, slower_than_seconds = 20 }}

[[destinations]]
name = "datadog"
endpoint = "{taking.address}"
dialect = "datadog"
settle_seconds = 0

[[destinations]]
name = "nobody there"
endpoint = "http://127.0.0.1:9"
settle_seconds = 0
hold_minutes = 0
"""


def _mostly(request: Request) -> Answer:
    """Refuses whatever has a trace whose id begins with a low digit, in hostile words."""
    if any(trace_id[-1] < "4" for trace_id in request.trace_ids):
        return refusing(400, HOSTILE.encode())
    return TAKEN
