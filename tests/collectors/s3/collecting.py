"""A collector under test: a clock that stands still unless moved, waits that do not wait, and all that it told."""

import functools
import threading
from typing import Any

from tests.collectors.s3.ledger import Ledger
from tracehub.collectors.access import client
from tracehub.collectors.s3.collector import S3Collector
from tracehub.collectors.status import Status
from tracehub.model.source import Access, S3Source

NOW = 1_800_000_000_000_000


class Stop(threading.Event):
    """Notes how long was to be waited, and does not wait. After `most` waits it is set."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._most = most

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            self.waits.append(timeout)
        if timeout is None or len(self.waits) >= self._most:
            self.set()
        return self.is_set()


class Collecting:
    """A collector with everything that it was given."""

    def __init__(self, source: S3Source, *, stop: Stop | None = None, **options: Any) -> None:
        self.objects = options.pop("objects", None) or Ledger()
        self.told: list[Status] = []
        self.stop = stop or Stop()
        self.now = NOW
        self.collector = S3Collector(
            source,
            self.objects,
            tell=self.told.append,
            clock=lambda: self.now,
            stop=self.stop,
            **{"make_client": _client_of, "jitter": lambda: 1.0, **options},
        )


def source_at(address: str, bucket: str, **declared: Any) -> S3Source:
    """A source in a stand-in of AWS."""
    return S3Source(name="test", bucket=bucket, endpoint_url=address, **declared)


def _client_of(access: Access, service: str) -> Any:
    return client_at(str(access.endpoint_url), service)


@functools.cache
def client_at(address: str, service: str) -> Any:
    """A client of the stand-in, to prepare it and to read from it; making one takes longer than most tests."""
    return client(S3Source(name="test", bucket="any", endpoint_url=address), service)
