"""A receiver of metrics for tests, and a clock that stands until it is moved."""

from collections import Counter
from collections.abc import Iterator, Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from sqlalchemy import Connection, update

from tests.stores import store
from tracehub.exporters.metrics.otlp import without_histograms
from tracehub.model.record import Event
from tracehub.pipeline.metrics_count import Receiver
from tracehub.pipeline.metrics_flush import Flusher, NotTaken, Refused, Sent, Taken, Target, Unsure
from tracehub.store.database import Database
from tracehub.store.schema import traces

MINUTE = 60_000_000
# Far from now, so that what the database's own clock stamped can be told from what was stamped anew.
BEGIN = 2_000_000_000_000_000 // MINUTE * MINUTE
Totals = Counter[tuple[str, ...]]

__all__ = ["BEGIN", "MINUTE", "NotTaken", "Refused", "Taken", "Unsure", "World", "sums", "without_histograms"]


class World:
    """A database whose clock is `at`, and what arrived at the receivers. `answers` are what they say next."""

    def __init__(self, database: Database, *names: str, takes_old: bool = True) -> None:
        self.database = database
        self.at = BEGIN
        self.received: dict[str, list[bytes]] = {name: [] for name in names or ("backend",)}
        self.answers: list[Sent] = []
        self.takes_old = takes_old
        self.flusher = self.started("one")

    def started(self, owner: str) -> Flusher:
        """A flusher of a process that begins."""
        return Flusher(self.database, self._targets, self.send, owner=owner, clock=lambda _: self.at)

    def send(self, destination: str, body: bytes, /) -> Sent:
        """The receivers."""
        answer = self.answers.pop(0) if self.answers else Taken()
        if isinstance(answer, Taken | Unsure):
            self.received[destination].append(body)
        return answer

    def arrive(self, events: Sequence[Event]) -> None:
        """Stores events now."""
        store(self.database, events)
        with self.database.writing() as connection:
            values = {"written_at": self.at, "received_at": self.at}
            connection.execute(update(traces).where(traces.c.written_at < BEGIN).values(values))

    def pass_minutes(self, minutes: int = 1) -> None:
        """Time passes, and the flusher does its work every minute."""
        for _ in range(minutes):
            self.at += MINUTE
            self.flusher.flush()

    def totals(self, name: str = "backend") -> Totals:
        """What the receiver adds up."""
        return sums(self.received[name])

    def _targets(self, _: Connection) -> tuple[Target, ...]:
        return tuple(
            Target(
                receiver=Receiver(name=name, resource={"service.name": "x"}, takes_old=self.takes_old),
                retry_minutes=50,
                idempotent_sums=not self.takes_old,
            )
            for name in self.received
        )


def sums(requests: Sequence[bytes]) -> Totals:
    """Counts and sums by metric, without the attributes."""
    found: Totals = Counter()
    for metric, what, value in measures(requests):
        # So long after their time do captures arrive that a sum of floats has no microseconds left.
        if (metric, what) != ("tracehub.ingest.lag", "sum"):
            found[metric, what] += round(value * 1e6)
    return found


def measures(requests: Sequence[bytes]) -> Iterator[tuple[str, str, float]]:
    """Every point's count and sum."""
    for request in requests:
        message = ExportMetricsServiceRequest.FromString(request)
        for metric in message.resource_metrics[0].scope_metrics[0].metrics:
            for point in metric.histogram.data_points:
                yield metric.name, "count", point.count
                yield metric.name, "sum", point.sum
                assert sum(point.bucket_counts) == point.count
            for number in metric.sum.data_points:
                yield metric.name, "total", number.as_int
