"""The metrics of this process: what it counted itself, what waits in it, what it takes of the machine."""

import platform
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from tracehub import __version__
from tracehub.telemetry.measures import BOUNDS, COUNTED, TIMED

_LE = (*map(str, BOUNDS), "+Inf")


class OwnMetrics:
    """The process' own registry holds prometheus_client's collectors of the process and of Python's garbage."""

    def __init__(self) -> None:
        self._machine = CollectorRegistry()
        ProcessCollector(registry=self._machine)
        GCCollector(registry=self._machine)

    def families(self, *, waiting_bytes: int, subscribers: int) -> Iterator[Metric]:
        """The metrics."""
        build = GaugeMetricFamily("tracehub_build_info", "Which tracehub this is", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        help_text = "Bytes that wait to be stored"
        yield GaugeMetricFamily("tracehub_ingest_queue_bytes", help_text, value=waiting_bytes)
        yield GaugeMetricFamily("tracehub_live_subscribers", "Live streams that are open", value=subscribers)
        for counted in COUNTED:
            counter = CounterMetricFamily(counted.name, counted.help_text, labels=counted.labels)
            for labels, number in counted.values().items():
                counter.add_metric(labels, number)
            yield counter
        for timed in TIMED:
            histogram = HistogramMetricFamily(timed.name, timed.help_text, labels=timed.labels)
            for labels, (numbers, total) in timed.values().items():
                histogram.add_metric(labels, list(zip(_LE, accumulate(numbers), strict=True)), total)
            yield histogram
        yield from self._machine.collect()
