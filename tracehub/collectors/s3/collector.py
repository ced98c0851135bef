"""Collects one bucket: by listing it now and then, and by its notifications as they come."""

import random
import re
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from tracehub.collectors.access import client as client_of
from tracehub.collectors.backoff import Backoff
from tracehub.collectors.s3.attempts import Attempts
from tracehub.collectors.s3.objects import Objects
from tracehub.collectors.s3.queue import POLL_SECONDS, RENEW_SECONDS, VISIBILITY_SECONDS, Queue, Received
from tracehub.collectors.s3.reading import StoppedError
from tracehub.collectors.s3.receiver import Receiver, trouble_of
from tracehub.collectors.s3.report import Report
from tracehub.collectors.s3.selection import Selection
from tracehub.collectors.s3.sweep import Sweep
from tracehub.collectors.status import Tell
from tracehub.model.source import Access, S3Source

RETRY_SECONDS = 30.0
_QUEUE_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com")


class S3Collector:
    """Reads what lies in one source's bucket, and what comes.

    `list_forever` and `receive_forever` run in threads of the caller's until `stop` is set; the latter in as many as it
    likes. What AWS refuses they tell and try again; every TracehubError of `objects` ends them.
    """

    def __init__(
        self,
        source: S3Source,
        objects: Objects,
        *,
        tell: Tell,
        clock: Callable[[], int],
        stop: threading.Event,
        make_client: Callable[[Access, str], Any] = client_of,
        jitter: Callable[[], float] = random.random,
        poll_seconds: int = POLL_SECONDS,
        visibility_seconds: int = VISIBILITY_SECONDS,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._source = source
        self._objects = objects
        self._clock = clock
        self._stop = stop
        self._jitter = jitter
        self._make_client = make_client
        self._clients: dict[str, object] = {}
        self._lock = threading.Lock()
        self._selection = Selection(source, clock())
        self._attempts = Attempts(self._s3, objects, stop)
        report = Report(tell, clock)
        self._tell_listing = report.part("listing")
        self._list_backoff = Backoff(jitter=jitter)
        self._read_until: int | None = None
        self._receiver: Receiver | None = None
        if source.queue_url is not None:
            queue = Queue(
                self._sqs,
                source.queue_url,
                self._selection,
                objects,
                self._attempts,
                stop,
                poll_seconds=poll_seconds,
                visibility_seconds=visibility_seconds,
                renew_seconds=renew_seconds,
            )
            self._receiver = Receiver(queue, report.part("queue"), clock)

    def list_forever(self) -> None:
        """Lists the bucket every `list_seconds`, and every 30 s while something stands in the way; if 0, never."""
        while not self._stop.is_set():
            if self._source.list_seconds == 0:
                self._stop.wait()
            elif self.list_once():
                self._stop.wait(self._source.list_seconds)
            else:
                self._stop.wait(RETRY_SECONDS)

    def list_once(self) -> bool:
        """Lists the bucket and reads what is unread; whether everything is read that lay there when it began."""
        started = self._clock()
        sweep = Sweep(
            self._s3,
            self._selection,
            self._objects,
            self._attempts,
            self._list_backoff,
            self._tell_listing,
            self._stop,
        )
        try:
            complete = sweep.run(started, self._read_until)
        except StoppedError:
            return False
        if complete:
            self._read_until = started
        return complete

    def receive_forever(self) -> None:
        """Takes messages as they come; without a queue, waits for the end."""
        if self._receiver is None:
            self._stop.wait()
            return
        backoff = Backoff(jitter=self._jitter)
        while not self._stop.is_set():
            received = self._receiver.once()
            trouble = trouble_of(received)
            if trouble is None:
                backoff.reset()
            elif trouble.may_pass:
                backoff.wait(self._stop)
            else:
                self._stop.wait(RETRY_SECONDS)

    def receive_once(self) -> Received:
        """Takes a few messages, waiting for them for a few seconds, and reads what they announce."""
        return Received() if self._receiver is None else self._receiver.once()

    def _s3(self) -> Any:
        return self._client("s3")

    def _sqs(self) -> Any:
        return self._client("sqs")

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(_access(self._source, service), service)
            return self._clients[service]


def _access(source: S3Source, service: str) -> Access:
    """A queue lies in the region that its address names, whatever region the environment has for everything else."""
    named = _QUEUE_REGION.match(source.queue_url or "")
    if service != "sqs" or named is None or source.region is not None:
        return source
    return msgspec.structs.replace(source, region=named[1])
