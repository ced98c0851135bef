"""How many calls of agents AWS counted, traced or not: the metric InvocationCount of Amazon Bedrock Agents."""

from datetime import UTC, datetime
from typing import Any

from tracehub.collectors.aws_errors import AWS_ERRORS

NAMESPACE = "AWS/Bedrock/Agents"
OPERATIONS = ("InvokeAgent", "InvokeInlineAgent")
_PERIOD = 3600


def count_calls(cloudwatch: Any, since: int, until: int) -> int | None:
    """The calls between two times (microseconds since 1970 UTC, whole hours); None where that may not be read, or AWS
    counted nothing."""
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": "InvocationCount",
                    "Dimensions": [{"Name": "Operation", "Value": operation}],
                },
                "Period": _PERIOD,
                "Stat": "Sum",
            },
        }
        for number, operation in enumerate(OPERATIONS)
    ]
    try:
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=_time(since), EndTime=_time(until), ScanBy="TimestampAscending"
        )
    except AWS_ERRORS:
        return None
    values = [value for result in answer.get("MetricDataResults", []) for value in result.get("Values", [])]
    return round(sum(values)) if values else None


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e6, UTC)
