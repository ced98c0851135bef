"""Keeps messages from being delivered again while their objects are read."""

import threading
import time
from types import TracebackType
from typing import Any, Self

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of

# SQS counts 12 hours from the delivery and then no longer extends it.
_LONGEST_SECONDS = 11 * 3600
_GOODBYE_SECONDS = 5


class Heartbeat:
    """Renews every `renew_seconds`, in a thread of its own, that the held messages stay hidden for
    `visibility_seconds`. A renewal that fails costs nothing but a second delivery; `failure` tells the latest."""

    def __init__(
        self, client: Any, queue_url: str, receipts: list[str], *, visibility_seconds: int, renew_seconds: float
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._held = list(receipts)
        self._visibility = visibility_seconds
        self._every = renew_seconds
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="s3-heartbeat", daemon=True)
        self.failure: Failure | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(_GOODBYE_SECONDS)

    def let_go(self, receipt: str) -> None:
        """No longer renews this one."""
        with self._lock:
            self._held.remove(receipt)

    def hand_back(self) -> None:
        """Lets others have at once what is still held."""
        self._hide(0)

    def _run(self) -> None:
        until = time.monotonic() + _LONGEST_SECONDS
        while not self._ended.wait(self._every) and time.monotonic() < until:
            self._hide(self._visibility)

    def _hide(self, seconds: int) -> None:
        with self._lock:
            entries = [
                {"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for place, receipt in enumerate(self._held)
            ]
        if not entries:
            return
        try:
            self._client.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)
        except AWS_ERRORS as error:
            self.failure = failure_of(error, action="sqs:ChangeMessageVisibility")
        else:
            self.failure = None
