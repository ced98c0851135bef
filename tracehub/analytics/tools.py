"""How each tool was used, failed and took."""

from collections import Counter

from sqlalchemy import Connection

from tracehub.model.listing import Filter, ToolRow
from tracehub.model.span import ErrorSource
from tracehub.store import tools as tool_counts
from tracehub.store.latency import percentile
from tracehub.store.schema import DEFAULT_PROJECT


def tools(connection: Connection, filter: Filter, *, project: str = DEFAULT_PROJECT) -> tuple[ToolRow, ...]:
    """One row per tool called in the matching traces, the most called first."""
    calls: Counter[str] = Counter()
    errors: Counter[tuple[str, str]] = Counter()
    timed: dict[str, Counter[int]] = {}
    last: dict[str, int] = {}
    for tool, error_source, bucket, count, started_at in tool_counts.buckets(connection, filter, project=project):
        calls[tool] += count
        if error_source is not None:
            errors[tool, error_source] += count
        if bucket is not None:
            timed.setdefault(tool, Counter())[bucket] += count
        if started_at is not None:
            last[tool] = max(started_at, last.get(tool, 0))
    in_traces = tool_counts.traces_per_tool(connection, filter, project=project)
    return tuple(
        ToolRow(
            tool=tool,
            calls=count,
            traces=in_traces.get(tool, 0),
            errors_reported=errors[tool, ErrorSource.REPORTED],
            errors_inferred=errors[tool, ErrorSource.INFERRED],
            timed_calls=sum(timed.get(tool, {}).values()),
            p50_ms=percentile(timed.get(tool, Counter()), 0.50),
            p95_ms=percentile(timed.get(tool, Counter()), 0.95),
            p99_ms=percentile(timed.get(tool, Counter()), 0.99),
            last_started_at=last.get(tool),
        )
        for tool, count in sorted(calls.items(), key=lambda item: (-item[1], item[0]))
    )
