"""What is measured of a span goes into the right metrics, with bounded names, and is decoded as it was meant."""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA, Metric

from tracehub.exporters.metrics import table
from tracehub.exporters.metrics.otlp import POINTS_IN_A_REQUEST, requests_of
from tracehub.exporters.metrics.points import MOST_POINTS, Points, measured
from tracehub.model.metered import Metered

NOW = 1_790_000_040_000_000
MINUTE = 60_000_000


def span(kind: str, **known: object) -> Metered:
    values: dict[str, object] = {
        "name": "x",
        "turn": False,
        "outcome": "ok",
        "at": NOW,
        "duration_us": 1_500_000,
        "agent_id": "AGENT",
        "agent_version": "3",
        "alias_id": "ALIAS",
        "error_source": None,
        "error_type": None,
    }
    return Metered(kind=kind, **{**values, **known})  # type: ignore[arg-type]


def decoded(points: Points) -> dict[str, Metric]:
    [request] = requests_of(points, {"service.name": "s"}, began_at=NOW - MINUTE, ended_at=NOW)
    [resource] = ExportMetricsServiceRequest.FromString(request).resource_metrics
    assert [(each.key, each.value.string_value) for each in resource.resource.attributes] == [("service.name", "s")]
    return {metric.name: metric for metric in resource.scope_metrics[0].metrics}


def test_a_tool_call_is_counted_timed_and_its_error_told_apart() -> None:
    points = Points()
    tool = span("tool", name="Orders__get", outcome="failed", error_source="reported", error_type="http_500")
    points.add([tool, span("tool", name="Orders__get", error_source="inferred", error_type="says_error")])
    found = decoded(points)
    duration = found["gen_ai.execute_tool.duration"]
    assert (duration.unit, duration.histogram.aggregation_temporality) == ("s", AGGREGATION_TEMPORALITY_DELTA)
    of_error = {_attributes(point).get("error.type"): point for point in duration.histogram.data_points}
    assert set(of_error) == {None, "http_500"}
    point = of_error["http_500"]
    assert _attributes(point) == {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.agent.id": "AGENT",
        "gen_ai.agent.version": "3",
        "aws.bedrock.agent_alias.id": "ALIAS",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "Orders__get",
        "gen_ai.tool.type": "extension",
        "aws.bedrock.action_group.name": "Orders",
        "error.type": "http_500",
    }
    assert (point.count, point.sum, point.min, point.max) == (1, 1.5, 1.5, 1.5)
    assert tuple(point.explicit_bounds) == table.SECONDS
    assert list(point.bucket_counts).index(1) == table.SECONDS.index(2.56)
    assert (point.start_time_unix_nano, point.time_unix_nano) == ((NOW - MINUTE) * 1000, NOW * 1000)
    errors = found["tracehub.tool.errors"].sum
    assert errors.is_monotonic
    assert {_attributes(each)["tracehub.error.source"] for each in errors.data_points} == {"reported", "inferred"}
    [calls] = found["tracehub.tool.calls"].sum.data_points
    assert calls.as_int == 2


def test_tokens_and_durations_that_are_unknown_are_not_told() -> None:
    points = Points()
    points.add([span("model", model_id="m", duration_us=None), span("model", model_id="m", input_tokens=0)])
    found = decoded(points)
    [usage] = found["gen_ai.client.token.usage"].histogram.data_points
    assert (usage.count, usage.sum, _attributes(usage)["gen_ai.token.type"]) == (1, 0, "input")
    [duration] = found["gen_ai.client.operation.duration"].histogram.data_points
    assert duration.count == 1


def test_every_attribute_that_is_written_stands_in_the_table() -> None:
    kinds = ("agent", "model", "tool", "code", "retrieval", "guardrail", "custom")
    for kind in kinds:
        for outcome in ("ok", "failed", "returned_control", "incomplete", "blocked"):
            each = span(
                kind,
                turn=True,
                outcome=outcome,
                error_source="reported",
                error_type="reprompt",
                input_tokens=1,
                output_tokens=2,
                results=0,
                phase="routing",
                model_id="m",
                intervened=True,
                after_us=1,
            )
            for metric, attributes, _ in measured(each):
                assert set(attributes) <= set(metric.attributes), metric.name
                assert metric in table.METRICS


def test_a_value_on_a_bound_belongs_below_it() -> None:
    points = Points()
    points.add([span("tool", duration_us=10_000), span("tool", duration_us=10_001)])
    [point] = decoded(points)["gen_ai.execute_tool.duration"].histogram.data_points
    assert list(point.bucket_counts)[:2] == [1, 1]


def test_hostile_names_are_bounded_and_too_many_share_one_point_so_that_sums_stay_true() -> None:
    points = Points()
    points.add(span("tool", name=f"\x00\n{number}" + "é" * 500) for number in range(3 * MOST_POINTS))
    calls = points.of(table.TOOL_CALLS)
    assert len(calls) == MOST_POINTS
    assert sum(point.count for point in calls.values()) == 3 * MOST_POINTS
    [overflow] = [key for key in calls if key == ((table.OVERFLOW, True),)]
    assert calls[overflow].count > MOST_POINTS
    values = [value for key in calls for _, value in key if isinstance(value, str)]
    assert max(map(len, values)) <= 128
    assert all(value.isprintable() for value in values)
    requests = list(requests_of(points, {}, began_at=0, ended_at=MINUTE))
    assert len(requests) == -(-sum(len(points.of(metric)) for metric in table.METRICS) // POINTS_IN_A_REQUEST)
    assert max(map(len, requests)) < 1_000_000


def test_the_same_window_is_the_same_bytes_whatever_the_order() -> None:
    spans = [span("tool", name=f"t{number % 7}") for number in range(50)]
    one, other = Points(), Points()
    one.add(spans)
    other.add(reversed(spans))
    assert list(requests_of(one, {}, began_at=0, ended_at=1)) == list(requests_of(other, {}, began_at=0, ended_at=1))


def test_what_is_too_old_for_a_receiver_is_left_out_and_counted() -> None:
    points = Points(not_before=NOW)
    points.add([span("tool", at=NOW - 1), span("tool", at=NOW)])
    assert points.skipped == 1
    assert decoded(points)["tracehub.tool.calls"].sum.data_points[0].as_int == 1


def _attributes(point: object) -> dict[str, str]:
    return {each.key: each.value.string_value for each in point.attributes}  # type: ignore[attr-defined]
