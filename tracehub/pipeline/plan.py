"""Which parts of a source are read apart, and by what."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from msgspec.structs import replace

from tracehub.collectors.budget import Budgets
from tracehub.collectors.clients import Clients
from tracehub.collectors.cloudwatch.collector import CloudWatchCollector
from tracehub.collectors.s3.collector import S3Collector
from tracehub.collectors.since import moment_of
from tracehub.collectors.status import Tell
from tracehub.model.record import Limits
from tracehub.model.source import CloudWatchSource, S3Source, Source
from tracehub.pipeline.call_counting import count_agent_calls
from tracehub.pipeline.claims import Claim
from tracehub.pipeline.log_intake import LogIntake
from tracehub.pipeline.log_shard import LogShard
from tracehub.pipeline.object_intake import ObjectIntake
from tracehub.pipeline.reader import Run
from tracehub.pipeline.writer import Writer
from tracehub.store.database import Database


class Planner:
    """Makes the readers of this process; those of one account and region share a budget."""

    def __init__(
        self, database: Database, writer: Writer, logs: LogIntake, limits: Limits, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._writer = writer
        self._logs = logs
        self._limits = limits
        self._clock = clock
        self._budgets = Budgets()
        self._clients = Clients(clock)

    def count_calls(self) -> None:
        """Asks how many calls of agents there were, in every account and region that a source reads."""
        count_agent_calls(self._database, self._clients, self._clock())

    def plan(self, source: Source, declared_at: int) -> Mapping[str, Callable[[Claim], Run]]:
        """Each log group is read apart; of a bucket the listing, and each of the queue's readers.

        How long ago a bucket's reading begins is counted from its declaration, not from each start of a process.
        """
        match source:
            case CloudWatchSource():
                return {group: partial(self._group, source, group) for group in source.log_groups}
            case S3Source():
                if source.since is not None:
                    since = datetime.fromtimestamp(moment_of(source.since, declared_at) / 1e6, UTC)
                    source = replace(source, since=since.isoformat())
                parts: dict[str, Callable[[Claim], Run]] = {}
                if source.list_seconds:
                    parts["listing"] = partial(self._listing, source)
                if source.queue_url:
                    for number in range(1, source.readers + 1):
                        parts[f"queue {number}"] = partial(self._queue, source)
                return parts

    def _group(self, source: CloudWatchSource, group: str, claim: Claim) -> Run:
        shard = LogShard(self._database, self._logs, claim, self._clock)

        def run(tell: Tell, stop: threading.Event) -> None:
            CloudWatchCollector(
                source,
                group,
                shard,
                tell=tell,
                clock=self._clock,
                stop=stop,
                budgets=self._budgets,
                make_client=self._clients.client,
            ).run()

        return run

    def _listing(self, source: S3Source, claim: Claim) -> Run:
        return lambda tell, stop: self._bucket(source, claim, tell, stop).list_forever()

    def _queue(self, source: S3Source, claim: Claim) -> Run:
        return lambda tell, stop: self._bucket(source, claim, tell, stop).receive_forever()

    def _bucket(self, source: S3Source, claim: Claim, tell: Tell, stop: threading.Event) -> S3Collector:
        objects = ObjectIntake(self._database, self._writer, self._limits, claim, self._clock)
        return S3Collector(source, objects, tell=tell, clock=self._clock, stop=stop, make_client=self._clients.client)
