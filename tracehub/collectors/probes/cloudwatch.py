"""Tries what reading log groups needs."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from tracehub.collectors import arns
from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.collectors.budget import Budget
from tracehub.collectors.cloudwatch.groups import identifier_of
from tracehub.collectors.probes.asking import Question, Trouble, ask, said_by
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.collectors.probes.identity import Reached
from tracehub.model.source import CloudWatchSource

_MINUTE_MS = 60_000
_NEVER = threading.Event()


def probe_logs(source: CloudWatchSource, reached: Reached, now: int) -> Iterator[Finding]:
    """Reads the minute before `now` (microseconds) of each log group, one event at most; stops where all would fail."""
    if source.filter_pattern:
        yield warning(
            f"filter_pattern {source.filter_pattern!r}: loggers cut long events, and their later parts do not match it",
            "leave filter_pattern out: what holds no trace is not stored anyway",
        )
    try:
        probe = _Probe(source, reached, now)
    except AWS_ERRORS as error:
        yield problem(f"AWS cannot be asked: {said_by(error)}", "check region and endpoint_url in the source")
        return
    yield from probe.run()


class _Probe:
    """One source's calls."""

    def __init__(self, source: CloudWatchSource, reached: Reached, now: int) -> None:
        self._source = source
        self._reached = reached
        self._now = now
        self._logs = reached.client("logs")
        self._metrics = reached.client("cloudwatch")

    def run(self) -> Iterator[Finding]:
        names = self._names()
        if isinstance(names, Trouble) and names.concerns_all:
            yield names.finding
            return
        budget = Budget(self._source.requests_per_second)
        for group in self._source.log_groups:
            budget.wait(_NEVER)
            trouble = self._read(group, () if isinstance(names, Trouble) else names)
            yield ok(f"log group {group} can be read") if trouble is None else trouble.finding
            if trouble is not None and trouble.concerns_all:
                return
        yield names.finding if isinstance(names, Trouble) else ok("log groups can be listed")
        yield from self._count()

    def _read(self, group: str, names: Sequence[str]) -> Trouble | None:
        region = self._reached.region
        question = Question(
            action="logs:FilterLogEvents",
            resource=f"{arns.log_group_arn(group, region, self._account)}:*",
            subject=f"log group {group}",
            role=self._source.role_arn,
            missing=self._remedy_of_missing(group, names),
        )
        asked: dict[str, object] = {
            **identifier_of(group),
            "limit": 1,
            "startTime": self._now // 1000 - _MINUTE_MS,
            "endTime": self._now // 1000,
        }
        if self._source.stream_prefix:
            asked["logStreamNamePrefix"] = self._source.stream_prefix
        if self._source.filter_pattern:
            asked["filterPattern"] = self._source.filter_pattern
        answer = ask(question, lambda: self._logs.filter_log_events(**asked))
        return answer if isinstance(answer, Trouble) else None

    def _remedy_of_missing(self, group: str, names: Sequence[str]) -> str:
        named = arns.region_of_group(group)
        if named is not None and named != self._reached.region:
            return f"its ARN is of {named}, but the source reads in {self._reached.region}: mend region or the ARN"
        where = f"check its name and the region; looked for in {self._reached.region} of account {self._account or '?'}"
        alike = get_close_matches(group, names, n=3)
        return f"{where}, which has {', '.join(alike)}" if alike else where

    def _names(self) -> Sequence[str] | Trouble:
        """The first names of the account's groups."""
        question = Question(
            action="logs:DescribeLogGroups",
            resource=arns.all_log_groups_arn(self._reached.region, self._account),
            subject="list of log groups",
            role=self._source.role_arn,
            missing="check endpoint_url in the source",
            optional="tracehub works without it, but may not learn whose a log group is",
        )
        answer = ask(question, lambda: self._logs.describe_log_groups(limit=50))
        if isinstance(answer, Trouble):
            return answer
        return [str(described.get("logGroupName", "")) for described in answer.get("logGroups", [])]

    def _count(self) -> Iterator[Finding]:
        question = Question(
            action="cloudwatch:GetMetricData",
            resource=arns.UNKNOWN,
            subject="CloudWatch metrics",
            role=self._source.role_arn,
            missing="check endpoint_url in the source",
            optional="tracehub works without them, but cannot compare what it stored with what arrived",
        )
        end = datetime.fromtimestamp(self._now / 1e6, UTC)
        metric = {"Namespace": "AWS/Logs", "MetricName": "IncomingLogEvents"}
        queries = [{"Id": "arrived", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}]
        began = end - timedelta(minutes=1)
        answer = ask(
            question,
            lambda: self._metrics.get_metric_data(StartTime=began, EndTime=end, MetricDataQueries=queries),
        )
        if not isinstance(answer, Trouble):
            yield ok("CloudWatch metrics can be read")
        elif answer.kind == "denied":
            # Whatever else befalls what is not needed, such as a stand-in without metrics, is no news.
            yield answer.finding

    @property
    def _account(self) -> str | None:
        return self._reached.account
