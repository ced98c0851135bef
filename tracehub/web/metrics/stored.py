"""The metrics that the database answers, the same from every process, kept for a while between scrapes."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tracehub.errors import TracehubError
from tracehub.model.export_rows import DestinationRow
from tracehub.model.source_rows import SourceRow
from tracehub.store import destinations, leases, metric_windows, rollups, sources
from tracehub.store.totals import totals
from tracehub.web.metrics.families import KINDS, families, label

KEPT_SECONDS = 5.0
# Who scrapes often must not take the database for itself.
LARGEST_SHARE = 0.05
MOST_CELLS = 1000
# A source's counts by what they are called here.
_OUTCOMES = {"stored": "events", "duplicate": "duplicates", "ignored": "ignored", "quarantined": "quarantined"}


class StoredMetrics:
    """Reads the database at most every KEPT_SECONDS, and less often where that takes long.

    Where it cannot be read, only that is told: numbers of before would look like numbers of now.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        *,
        most_cells: int = MOST_CELLS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reading = reading
        self._most_cells = most_cells
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: tuple[Metric, ...] = ()
        self._until = float("-inf")

    def families(self) -> tuple[Metric, ...]:
        """The metrics; who asks meanwhile waits for the same answer."""
        with self._lock:
            began = self._monotonic()
            if began < self._until:
                return self._kept
            try:
                with self._reading() as connection:
                    self._kept = tuple(_read(connection, self._most_cells))
            except (DBAPIError, PoolTimeoutError, TracehubError):
                self._kept = (_up(0),)
            took = self._monotonic() - began
            self._until = began + took + max(KEPT_SECONDS, took / LARGEST_SHARE)
            return self._kept


def _read(connection: Connection, most_cells: int) -> Iterator[Metric]:
    yield _up(1)
    waiting = rollups.waiting(connection)
    yield GaugeMetricFamily("tracehub_rollup_slots_waiting", "Five minutes that are not added up yet", value=waiting)
    held = GaugeMetricFamily("tracehub_leases_held", "Leases that any process holds", labels=["kind"])
    for kind, number in Counter(name.partition("/")[0] for name in leases.holders(connection)).items():
        held.add_metric([kind], number)
    yield held
    yield from _of_sources(sources.every(connection))
    yield from _of_destinations(destinations.every(connection), metric_windows.by_state(connection))
    yield from families(totals(connection, KINDS, most_cells))


def _of_sources(every: tuple[SourceRow, ...]) -> Iterator[Metric]:
    """By kind, as their names are people's."""
    records: Counter[str] = Counter()
    outcomes: Counter[tuple[str, str]] = Counter()
    newest: dict[str, int] = {}
    stored: dict[str, int] = {}
    for source in every:
        records[source.kind] += source.counts.records
        for outcome, name in _OUTCOMES.items():
            outcomes[source.kind, outcome] += getattr(source.counts, name)
        for times, at in ((newest, source.newest_at), (stored, source.stored_at)):
            if at is not None:
                times[source.kind] = max(at, times.get(source.kind, at))
    received = CounterMetricFamily(
        "tracehub_source_records", "Records received from sources of a kind", labels=["kind"]
    )
    for kind, number in records.items():
        received.add_metric([kind], number)
    yield received
    became = CounterMetricFamily(
        "tracehub_source_events", "What became of what sources of a kind sent", labels=["kind", "outcome"]
    )
    for (kind, outcome), number in outcomes.items():
        became.add_metric([kind, outcome], number)
    yield became
    for name, help_text, times in (
        ("newest", "The time of the newest thing read from sources of a kind", newest),
        ("stored", "When something from sources of a kind was stored last", stored),
    ):
        family = GaugeMetricFamily(f"tracehub_source_{name}_timestamp_seconds", help_text, labels=["kind"])
        for kind, at in times.items():
            family.add_metric([kind], at / 1e6)
        yield family


def _of_destinations(every: tuple[DestinationRow, ...], windows: dict[tuple[str, str], int]) -> Iterator[Metric]:
    exported = CounterMetricFamily(
        "tracehub_export_traces", "What became of traces at a destination", labels=["destination", "outcome"]
    )
    spans = CounterMetricFamily(
        "tracehub_export_spans", "What became of spans at a destination", labels=["destination", "outcome"]
    )
    stopped = GaugeMetricFamily(
        "tracehub_export_stands_still", "Whether nothing is sent until a person resumes it", labels=["destination"]
    )
    requests = GaugeMetricFamily(
        "tracehub_export_metric_requests",
        "Requests with metrics that wait, or were not taken in the last seven days",
        labels=["destination", "state"],
    )
    for row in every:
        name = label(row.name)
        for outcome in ("delivered", "rejected", "too_large", "expired", "dropped"):
            exported.add_metric([name, outcome], getattr(row, f"{outcome}_traces"))
        spans.add_metric([name, "delivered"], row.delivered_spans)
        spans.add_metric([name, "rejected"], row.rejected_spans)
        stopped.add_metric([name], int(row.stands_still))
    for (name, state), number in windows.items():
        requests.add_metric([label(name), state], number)
    yield from (exported, spans, stopped, requests)


def _up(value: int) -> GaugeMetricFamily:
    return GaugeMetricFamily("tracehub_database_up", "Whether the database could be read", value=value)
