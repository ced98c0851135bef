"""Numbers of this process, counted where something crosses a seam; who asks for them makes metrics of them."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping

# Seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Labels are few and from code; where something makes them many all the same, the rest shares one series.
MOST_SERIES = 500
OTHER = "other"


class Counted:
    """A number that only grows, by the values of its labels. `also` is told of every addition."""

    def __init__(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.help_text = help_text
        self.labels = labels
        self.also: Callable[[float, dict[str, str]], None] | None = None
        self._values: Counter[tuple[str, ...]] = Counter()
        self._lock = threading.Lock()

    def add(self, *values: str, number: int = 1) -> None:
        """Counts `number` more."""
        with self._lock:
            self._values[_bounded(values, self._values)] += number
        if self.also is not None:
            self.also(number, dict(zip(self.labels, values, strict=True)))

    def values(self) -> dict[tuple[str, ...], int]:
        """The numbers as they stand."""
        with self._lock:
            return dict(self._values)


class Timed:
    """How long something took, by the values of its labels. `also` is told of every time."""

    def __init__(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.help_text = help_text
        self.labels = labels
        self.also: Callable[[float, dict[str, str]], None] | None = None
        self._buckets: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def took(self, seconds: float, *values: str) -> None:
        """Notes one time."""
        with self._lock:
            key = _bounded(values, self._buckets)
            self._buckets.setdefault(key, [0] * (len(BOUNDS) + 1))[bisect_left(BOUNDS, seconds)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds
        if self.also is not None:
            self.also(seconds, dict(zip(self.labels, values, strict=True)))

    def values(self) -> dict[tuple[str, ...], tuple[tuple[int, ...], float]]:
        """How many times lie between the BOUNDS, the last being beyond all, and their sum."""
        with self._lock:
            return {key: (tuple(buckets), self._sums[key]) for key, buckets in self._buckets.items()}


def _bounded(values: tuple[str, ...], known: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
    return values if values in known or len(known) < MOST_SERIES else (OTHER,) * len(values)


HTTP_REQUESTS = Counted("tracehub_http_requests", "Requests answered", ("method", "route", "status"))
HTTP_SECONDS = Timed("tracehub_http_request_seconds", "From a request to the end of its answer", ("method", "route"))
INGEST_BATCHES = Counted("tracehub_ingest_batches", "Transactions of ingest", ("outcome",))
INGEST_ARRIVALS = Counted("tracehub_ingest_arrivals", "What senders handed in", ("outcome",))
INGEST_COMMIT_SECONDS = Timed("tracehub_ingest_commit_seconds", "One transaction of ingest")
INGEST_LAG_SECONDS = Timed("tracehub_ingest_lag_seconds", "From being handed in to being durable")
DATABASE_ERRORS = Counted("tracehub_database_errors", "Errors of the database, as its driver names them", ("error",))
NOTIFICATIONS = Counted("tracehub_notifications", "Tries to tell people of alerts, by how they ended", ("outcome",))

COUNTED = (HTTP_REQUESTS, INGEST_BATCHES, INGEST_ARRIVALS, DATABASE_ERRORS, NOTIFICATIONS)
TIMED = (HTTP_SECONDS, INGEST_COMMIT_SECONDS, INGEST_LAG_SECONDS)
