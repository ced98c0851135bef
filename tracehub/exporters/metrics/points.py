"""Adds up what is measured in a window: one point per metric and set of attributes."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from tracehub.exporters.metrics import table
from tracehub.exporters.metrics.table import Metric
from tracehub.model.metered import Metered
from tracehub.model.tool_name import action_group_of

# OpenTelemetry's own limit. Names come from traces: whatever is beyond shares one point.
MOST_POINTS = 2000
LONGEST_VALUE = 128
Attributes = tuple[tuple[str, str | bool], ...]
_OVERFLOW: Attributes = ((table.OVERFLOW, True),)
_PROMPT_TYPES = {
    "pre_processing": "PRE_PROCESSING",
    "routing": "ROUTING_CLASSIFIER",
    "orchestration": "ORCHESTRATION",
    "post_processing": "POST_PROCESSING",
}


class Point:
    """The sum of some measurements and, of a histogram, how many lie in which bucket."""

    __slots__ = ("buckets", "count", "largest", "smallest", "total")

    def __init__(self, buckets: int) -> None:
        self.buckets = [0] * buckets
        self.count = 0
        self.total = 0.0
        self.smallest = float("inf")
        self.largest = float("-inf")


class Points:
    """The points of one window for one kind of receiver: what is older than `not_before` (microseconds) is left out and
    counted in `skipped`, as no receiver would take it for now."""

    def __init__(self, not_before: int | None = None, *, most_points: int = MOST_POINTS) -> None:
        self.skipped = 0
        self._not_before = not_before
        self._most_points = most_points
        self._points: dict[Metric, dict[Attributes, Point]] = {}

    def add(self, spans: Iterable[Metered]) -> None:
        """Counts these spans."""
        for span in spans:
            if self._not_before is not None and span.at is not None and span.at < self._not_before:
                self.skipped += 1
                continue
            for metric, attributes, value in measured(span):
                self._record(metric, attributes, value)

    def of(self, metric: Metric) -> dict[Attributes, Point]:
        """The points of one metric."""
        return self._points.get(metric, {})

    def _record(self, metric: Metric, attributes: dict[str, str | None], value: float) -> None:
        points = self._points.setdefault(metric, {})
        key: Attributes = tuple((name, cut(text)) for name, text in attributes.items() if text)
        if key not in points and len(points) >= self._most_points - 1:
            key = _OVERFLOW
        point = points.get(key)
        if point is None:
            point = points[key] = Point(len(metric.bounds) + 1 if metric.bounds else 0)
        point.count += 1
        point.total += value
        point.smallest, point.largest = min(point.smallest, value), max(point.largest, value)
        if metric.bounds:
            point.buckets[bisect_left(metric.bounds, value)] += 1


def measured(span: Metered) -> Iterator[tuple[Metric, dict[str, str | None], float]]:
    """What one span adds to which metrics. A duration or number of tokens that is unknown adds nothing."""
    who = {
        table.PROVIDER: "aws.bedrock",
        table.AGENT_ID: span.agent_id,
        table.AGENT_VERSION: span.agent_version,
        table.ALIAS: span.alias_id,
    }
    failed = span.error_type if span.outcome == "failed" and span.error_source == "reported" else None
    if span.error_type == "reprompt":
        yield table.REPROMPTS, who, 1
    match span.kind:
        case "agent":
            yield from _agent(span, who, failed)
        case "model":
            yield from _model(span, who, failed)
        case "tool" | "code":
            yield from _tool(span, who, failed)
        case "retrieval":
            yield from _lookup(span, who, failed)
        case "guardrail" if span.intervened:
            yield table.INTERVENTIONS, who, 1
        case _:
            pass


def cut(text: str) -> str:
    """A value of bounded length without control characters."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def _agent(
    span: Metered, who: dict[str, str | None], failed: str | None
) -> Iterator[tuple[Metric, dict[str, str | None], float]]:
    if span.duration_us is not None:
        attributes = {**who, table.OPERATION: "invoke_agent", table.AGENT_NAME: span.name, table.ERROR_TYPE: failed}
        yield table.AGENT_DURATION, attributes, span.duration_us / 1e6
    if not span.turn:
        return
    yield table.TURNS, {**who, table.OUTCOME: span.outcome}, 1
    if span.outcome == "failed":
        yield table.FAILURES, {**who, table.ERROR_TYPE: failed or "_OTHER"}, 1
    if span.outcome == "returned_control":
        yield table.RETURN_CONTROL, who, 1
    if span.outcome == "incomplete":
        yield table.INCOMPLETE, who, 1
    if span.after_us is not None:
        yield table.INGEST_LAG, {}, span.after_us / 1e6


def _model(
    span: Metered, who: dict[str, str | None], failed: str | None
) -> Iterator[tuple[Metric, dict[str, str | None], float]]:
    what = {**who, table.OPERATION: "chat", table.MODEL: span.model_id}
    if span.duration_us is not None:
        prompt_type = _PROMPT_TYPES.get(span.phase or "")
        attributes = {**what, table.PROMPT_TYPE: prompt_type, table.ERROR_TYPE: failed}
        yield table.OPERATION_DURATION, attributes, span.duration_us / 1e6
    for token_type, tokens in (("input", span.input_tokens), ("output", span.output_tokens)):
        if tokens is not None:
            yield table.TOKEN_USAGE, {**what, table.TOKEN_TYPE: token_type}, tokens


def _tool(
    span: Metered, who: dict[str, str | None], failed: str | None
) -> Iterator[tuple[Metric, dict[str, str | None], float]]:
    what = {
        **who,
        table.OPERATION: "execute_tool",
        table.TOOL_NAME: span.name,
        table.TOOL_TYPE: "function" if span.function else "extension",
        table.ACTION_GROUP: action_group_of(span.name),
    }
    yield table.TOOL_CALLS, what, 1
    if span.error_source is not None:
        yield (
            table.TOOL_ERRORS,
            {**what, table.ERROR_SOURCE: span.error_source, table.ERROR_TYPE: span.error_type or "_OTHER"},
            1,
        )
    if span.duration_us is not None:
        yield table.TOOL_DURATION, {**what, table.ERROR_TYPE: failed}, span.duration_us / 1e6


def _lookup(
    span: Metered, who: dict[str, str | None], failed: str | None
) -> Iterator[tuple[Metric, dict[str, str | None], float]]:
    what = {**who, table.KNOWLEDGE_BASE: span.name}
    yield table.LOOKUPS, what, 1
    if span.results == 0:
        yield table.EMPTY_LOOKUPS, what, 1
    if span.duration_us is not None:
        attributes = {**what, table.OPERATION: "retrieval", table.ERROR_TYPE: failed}
        yield table.OPERATION_DURATION, attributes, span.duration_us / 1e6
