"""What Datadog's own decoder reads of metrics, beside the traces that they were counted of."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.exporters.protoc import decoded_by_protoc
from tests.pipeline.metering import MINUTE, World
from tests.receivers.datadog import DatadogAgent, serving
from tests.receivers.delivering import NAME, traces_of
from tests.stores import migrated
from tests.traffic import demo_events
from tracehub.model.destination import Destination
from tracehub.model.span import CodeSpan, ModelSpan, RetrievalSpan, ToolSpan
from tracehub.model.trace import Trace
from tracehub.outbound import Outbound
from tracehub.pipeline.metrics_flush import Flusher
from tracehub.pipeline.metrics_targets import MetricsSender, Parts, targets_of
from tracehub.store import destinations
from tracehub.store.database import Database

# Before any demo event: Datadog takes no old ones.
_BEGIN = 1_790_000_000_000_000 // MINUTE * MINUTE
_DELTA = "AGGREGATION_TEMPORALITY_DELTA"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatadogAgent]:
    with serving(tmp_path_factory.mktemp("datadog")) as running:
        yield running


@pytest.fixture(scope="module")
def counted(agent: DatadogAgent, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, ...]:
    folder = tmp_path_factory.mktemp("tracehub")
    with migrated(f"sqlite:///{folder / 'tracehub.db'}") as database, _flushing(database, agent) as world:
        world.pass_minutes()
        world.arrive(demo_events(40))
        world.pass_minutes(20)
        return traces_of(database)


def test_tools_models_and_turns_are_counted_as_often_as_tracehub_holds_them(
    agent: DatadogAgent, counted: tuple[Trace, ...]
) -> None:
    spans = [span for trace in counted for span in trace.spans]
    tools = [span for span in spans if isinstance(span, ToolSpan | CodeSpan)]
    models = [span for span in spans if isinstance(span, ModelSpan)]
    told = _by_name(agent)
    assert _count(told, "tracehub.tool.calls", "gen_ai.tool.name") == Counter(
        span.tool if isinstance(span, ToolSpan) else "code_interpreter" for span in tools
    )
    assert sum(_count(told, "tracehub.tool.errors").values()) == sum(span.error is not None for span in tools)
    assert _count(told, "tracehub.agent.turns", "tracehub.outcome") == Counter(trace.outcome.value for trace in counted)
    lookups = sum(isinstance(span, RetrievalSpan) for span in spans)
    assert sum(_count(told, "tracehub.knowledge_base.lookups").values()) == lookups
    tokens = _total(told, "gen_ai.client.token.usage", "gen_ai.token.type")
    assert tokens["input"] == sum(span.tokens.input or 0 for span in models)
    assert tokens["output"] == sum(span.tokens.output or 0 for span in models)


def test_all_are_deltas_of_a_whole_minute(agent: DatadogAgent, counted: tuple[Trace, ...]) -> None:
    for metric in (metric for metrics in _by_name(agent).values() for metric in metrics):
        data = metric.get("sum") or metric["histogram"]
        assert data["aggregation_temporality"] == _DELTA
        for point in data["data_points"]:
            began, ended = int(point["start_time_unix_nano"]), int(point["time_unix_nano"])
            assert (ended % (MINUTE * 1000), ended - began) == (0, MINUTE * 1000)


def test_the_headers_are_those_that_datadog_asks_for(agent: DatadogAgent, counted: tuple[Trace, ...]) -> None:
    assert agent.requests()
    for request in agent.requests():
        assert request.path == "/v1/metrics"
        assert request.headers["dd-api-key"] == "secret"
        assert '"mode":"distributions"' in request.headers["dd-otel-metric-config"]
        assert (request.headers["content-type"], request.headers["content-encoding"]) == (
            "application/x-protobuf",
            "gzip",
        )


def test_protoc_decodes_every_request(agent: DatadogAgent, counted: tuple[Trace, ...]) -> None:
    for request in agent.requests():
        read = decoded_by_protoc(request.body, ExportMetricsServiceRequest)
        assert read == ExportMetricsServiceRequest.FromString(request.body)


@contextmanager
def _flushing(database: Database, agent: DatadogAgent) -> Iterator[World]:
    """A world whose metrics go to the agent."""
    headers = {"dd-api-key": "env:KEY"}
    declared = Destination(name=NAME, endpoint=agent.address, metrics=True, dialect="datadog", headers=headers)
    with database.writing() as connection:
        destinations.declare(connection, declared, declared_in="file", now=1)
    world = World(database)
    world.at = _BEGIN
    outbound = Outbound(["127.0.0.0/8"])
    parts = Parts(
        database=database,
        outbound=outbound,
        clock=lambda: world.at,
        environment={"KEY": "secret"},
        unseal=lambda *_: "",
    )
    world.flusher = Flusher(database, targets_of, MetricsSender(parts), owner="one", clock=lambda _: world.at)
    try:
        yield world
    finally:
        outbound.close()


def _by_name(agent: DatadogAgent) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in agent.metrics():
        for scope in resource["scope_metrics"]:
            for metric in scope["metrics"]:
                found.setdefault(metric["name"], []).append(metric)
    return found


def _count(told: dict[str, list[dict[str, Any]]], name: str, by: str | None = None) -> Counter[str]:
    """A sum's points, by one of their attributes."""
    found: Counter[str] = Counter()
    for point in (point for metric in told.get(name, ()) for point in metric["sum"]["data_points"]):
        found[_attribute(point, by)] += int(point["as_int"])
    return found


def _total(told: dict[str, list[dict[str, Any]]], name: str, by: str) -> Counter[str]:
    """What a histogram's points add up to, by one of their attributes."""
    found: Counter[str] = Counter()
    for point in (point for metric in told[name] for point in metric["histogram"]["data_points"]):
        found[_attribute(point, by)] += round(point["sum"])
    return found


def _attribute(point: dict[str, Any], name: str | None) -> str:
    return next((str(each["value"]["string_value"]) for each in point["attributes"] if each["key"] == name), "")
