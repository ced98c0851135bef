"""What the proxy counts, for Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

# Seconds.
_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Spooled(NamedTuple):
    """How the spool stands: the bytes that wait, the entries that it refused, and the calls they belong to."""

    depth: int
    refused: int
    lost: int


class Metrics(Collector):
    """Plain numbers that one thread changes; they become metrics when somebody asks."""

    def __init__(self, spooled: Callable[[], Spooled]) -> None:
        self._spooled = spooled
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._calls: Counter[tuple[str, int]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._added = [0] * (len(_BOUNDS) + 1)
        self._added_seconds = 0.0
        self.running = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self.broken = 0
        self.callers_left = 0
        self.draining = 0
        self.not_kept = 0

    def called(self, operation: str | None, status: int) -> None:
        """AWS answered a call."""
        self._calls[operation or "other", status] += 1

    def refused(self, code: str) -> None:
        """A call was not passed on."""
        self._refusals[code] += 1

    def added(self, seconds: float) -> None:
        """So long the proxy had a request, whole, before it was on its way to AWS."""
        self._added_seconds += seconds
        self._added[next((place for place, bound in enumerate(_BOUNDS) if seconds <= bound), len(_BOUNDS))] += 1

    def text(self) -> bytes:
        """All of it in Prometheus' text form."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client."""
        calls = CounterMetricFamily("tracehub_proxy_calls", "Calls that AWS answered", labels=["operation", "status"])
        for (operation, status), number in self._calls.items():
            calls.add_metric([operation, str(status)], number)
        yield calls
        refusals = CounterMetricFamily("tracehub_proxy_refusals", "Calls that were not passed on", labels=["code"])
        for code, number in self._refusals.items():
            refusals.add_metric([code], number)
        yield refusals
        total, buckets = 0, []
        for bound, number in zip((*map(str, _BOUNDS), "+Inf"), self._added, strict=True):
            total += number
            buckets.append((bound, total))
        name = "tracehub_proxy_added_seconds"
        yield HistogramMetricFamily(name, "From a whole request to its way to AWS", buckets, self._added_seconds)
        spooled = self._spooled()
        for name, help_text, value in (
            ("request_bytes", "Bytes of requests' bodies", self.received_bytes),
            ("response_bytes", "Bytes of answers' bodies", self.sent_bytes),
            ("broken_answers", "Answers that AWS broke off", self.broken),
            ("callers_left", "Callers that left before the end of their answer", self.callers_left),
            ("calls_not_kept", "Traced calls of which not all could be kept", self.not_kept + spooled.lost),
            ("spool_refusals", "Entries that the spool had no room for", spooled.refused),
        ):
            yield CounterMetricFamily(f"tracehub_proxy_{name}", help_text, value=value)
        yield GaugeMetricFamily("tracehub_proxy_running_calls", "Calls under way", value=self.running)
        yield GaugeMetricFamily("tracehub_proxy_draining_calls", "Calls read on after their caller left", self.draining)
        yield GaugeMetricFamily("tracehub_proxy_spool_bytes", "Bytes that wait for the database", value=spooled.depth)
