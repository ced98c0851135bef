"""Follows one log group: catches up, then sweeps again and again."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError

from tracehub.collectors.access import client
from tracehub.collectors.aws_errors import Failure
from tracehub.collectors.backoff import Backoff
from tracehub.collectors.budget import Budget, Budgets
from tracehub.collectors.cloudwatch.groups import account_of, identifier_of, name_of
from tracehub.collectors.cloudwatch.logs import Logs, Position
from tracehub.collectors.cloudwatch.pages import SweepBrokenError, pages
from tracehub.collectors.cloudwatch.tiers import SECOND, Sweep, beginning, finished, next_sweep, tiers_of
from tracehub.collectors.since import moment_of
from tracehub.collectors.status import State, Status, Tell
from tracehub.model.collected import LogStream
from tracehub.model.source import Access, CloudWatchSource

# CloudWatch takes events that lie so far in the future.
_AHEAD = 2 * 3600 * SECOND
_RETRY_SECONDS = 30.0


class CloudWatchCollector:
    """Reads one log group of a source, on the caller's thread, until `stop` is set."""

    def __init__(
        self,
        source: CloudWatchSource,
        group: str,
        logs: Logs,
        *,
        tell: Tell,
        clock: Callable[[], int],
        stop: threading.Event,
        budgets: Budgets,
        make_client: Callable[[Access, str], Any] = client,
    ) -> None:
        self._source = source
        self._group = group
        self._logs = logs
        self._tell = tell
        self._clock = clock
        self._stop = stop
        self._budgets = budgets
        self._make_client = make_client
        self._tiers = tiers_of(source.poll_seconds)
        self._client: Any = None
        self._account = ""

    def run(self) -> None:
        """Returns when told to stop; TracehubErrors of the way in pass through."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                waited = self.step()
            except SweepBrokenError as error:
                # Credentials are read anew: somebody may have mended them.
                self._client = None
                self._tell_of(error.failure)
                self._stop.wait(_RETRY_SECONDS if not error.failure.may_pass else backoff.next())
            else:
                backoff.reset()
                self._stop.wait(waited)

    def step(self) -> float:
        """Makes the sweep that is due, if one is; seconds until the next may be."""
        if self._client is None:
            self._connect()
        position = self._logs.position() or self._beginning()
        sweep = next_sweep(self._tiers, position, self._clock())
        if sweep is None:
            return min(self._source.poll_seconds, 1.0)
        self._sweep(sweep, position)
        return 0.0 if self._stop.is_set() else min(self._source.poll_seconds, 1.0)

    def _connect(self) -> None:
        try:
            logs = self._make_client(self._source, "logs")
            self._account = account_of(self._group, self._source, logs, self._make_client(self._source, "sts"))
        except (BotoCoreError, ValueError) as error:
            raise SweepBrokenError(Failure(kind="credentials", text=str(error))) from error
        self._client = logs

    def _beginning(self) -> Position:
        now = self._clock()
        asked = self._logs.begin()
        return beginning(self._tiers, moment_of(self._source.since, now) if asked is None else asked, now)

    def _sweep(self, sweep: Sweep, position: Position) -> None:
        began = self._clock()
        state: State = (
            "reading" if began - sweep.start > 2 * self._tiers[1].span * SECOND and sweep.is_first else "following"
        )
        for page in pages(self._client, self._request(sweep, began), self._budget(), self._stop, self._tell_of):
            times = [event.timestamp * 1000 for events in page.values() for event in events]
            if sweep.is_first and times:
                reached = min(max(times), began)
                position = Position(swept=position.swept, reached=max(reached, position.reached or 0))
            if page:
                found = {self._stream(name): events for name, events in page.items()}
                self._logs.take(found, position)
                self._tell(Status(state=state, read_until=position.reached if sweep.is_first else None))
        if not self._stop.is_set():
            self._logs.take({}, finished(position, sweep, began))
            self._tell(Status(state="following", read_until=began))

    def _stream(self, name: str) -> LogStream:
        return LogStream(self._account, name_of(self._group), name)

    def _request(self, sweep: Sweep, now: int) -> dict[str, object]:
        request: dict[str, object] = {
            **identifier_of(self._group),
            "startTime": sweep.start // 1000,
            "endTime": (now + _AHEAD) // 1000,
        }
        if self._source.stream_prefix:
            request["logStreamNamePrefix"] = self._source.stream_prefix
        if self._source.filter_pattern:
            request["filterPattern"] = self._source.filter_pattern
        return request

    def _budget(self) -> Budget:
        key = (self._account, self._client.meta.region_name or "", self._client.meta.endpoint_url)
        return self._budgets.of(key, self._source.requests_per_second)

    def _tell_of(self, failure: Failure) -> None:
        self._tell(Status(state="waiting" if failure.may_pass else "failing", error=failure.text))
