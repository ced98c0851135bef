"""Dashboards and monitors under deploy/ have the form that their APIs take, and name nothing that is not exported."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from prometheus_client.core import Metric as PrometheusMetric

from tests.conftest import CHECKOUT
from tracehub.exporters.metrics.table import METRICS, Metric
from tracehub.model.tally import Cell, Tally
from tracehub.store.totals import Totals
from tracehub.web.metrics.families import KINDS, families

DATADOG = CHECKOUT / "deploy" / "datadog"
MONITORS = ("monitor_tool_error_rate.json", "monitor_tool_latency.json")
_QUERY = re.compile(r"(?P<how>[a-z0-9]+):(?P<name>[a-z_.]+)\{(?P<tags>[^}]*)\}(?: by \{(?P<by>[^}]*)\})?")
# What a resource's attribute becomes (https://docs.datadoghq.com/opentelemetry/mapping/semantic_mapping).
_OF_RESOURCE = {"env"}
_LAYOUT = {
    "type": "object",
    "required": ["x", "y", "width", "height"],
    "properties": {
        "x": {"type": "integer", "minimum": 0, "maximum": 11},
        "y": {"type": "integer", "minimum": 0},
        "width": {"type": "integer", "minimum": 1, "maximum": 12},
        "height": {"type": "integer", "minimum": 1},
    },
}
_QUERY_OBJECT = {
    "type": "object",
    "required": ["data_source", "name", "query"],
    "additionalProperties": False,
    "properties": {
        "data_source": {"const": "metrics"},
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "query": {"type": "string"},
        "aggregator": {"enum": ["avg", "min", "max", "sum", "last", "area", "l2norm", "percentile"]},
    },
}
_DASHBOARD = {
    "type": "object",
    "required": ["title", "layout_type", "widgets"],
    "properties": {
        "layout_type": {"enum": ["ordered", "free"]},
        "reflow_type": {"enum": ["auto", "fixed"]},
        "template_variables": {
            "type": "array",
            "items": {"type": "object", "required": ["name"], "properties": {"defaults": {"type": "array"}}},
        },
        "widgets": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["definition", "layout"],
                "properties": {
                    "layout": _LAYOUT,
                    "definition": {
                        "type": "object",
                        "required": ["type", "requests"],
                        "properties": {
                            "type": {"enum": ["timeseries", "query_value", "toplist"]},
                            "requests": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "required": ["response_format", "queries", "formulas"],
                                    "properties": {
                                        "response_format": {"enum": ["timeseries", "scalar"]},
                                        "queries": {"type": "array", "items": _QUERY_OBJECT},
                                        "formulas": {"items": {"type": "object", "required": ["formula"]}},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
_MONITOR = {
    "type": "object",
    "required": ["name", "type", "query", "message", "options"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "type": {"enum": ["query alert", "metric alert"]},
        "query": {"type": "string", "pattern": r"^(sum|avg|percentile)\(last_\d+[mh]\):.+ [<>]=? [0-9.]+$"},
        "message": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z_]+:.+$"}},
        "priority": {"type": "integer", "minimum": 1, "maximum": 5},
        "options": {
            "type": "object",
            "required": ["thresholds"],
            "properties": {"thresholds": {"type": "object", "required": ["critical"]}},
        },
    },
}


def test_the_dashboard_has_datadogs_form_and_its_widgets_do_not_overlap() -> None:
    dashboard = _read("dashboard.json")
    jsonschema.validate(dashboard, _DASHBOARD)
    taken: set[tuple[int, int]] = set()
    for widget in dashboard["widgets"]:
        place = widget["layout"]
        assert place["x"] + place["width"] <= 12
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["width"])
            for y in range(place["y"], place["y"] + place["height"])
        }
        assert taken.isdisjoint(cells)
        taken |= cells


def test_formulas_are_made_of_the_queries_beside_them() -> None:
    for widget in _read("dashboard.json")["widgets"]:
        for request in widget["definition"]["requests"]:
            names = {query["name"] for query in request["queries"]}
            used = {
                name for formula in request["formulas"] for name in re.findall(r"[a-z][a-z0-9_]*", formula["formula"])
            }
            assert used == names
            scalar = request["response_format"] == "scalar"
            assert all(("aggregator" in query) is scalar for query in request["queries"])


@pytest.mark.parametrize("name", MONITORS)
def test_a_monitor_has_datadogs_form_and_the_threshold_of_its_query(name: str) -> None:
    monitor = _read(name)
    jsonschema.validate(monitor, _MONITOR)
    thresholds = monitor["options"]["thresholds"]
    assert float(monitor["query"].rpartition(" ")[2]) == thresholds["critical"]
    order = [thresholds[name] for name in ("warning_recovery", "warning", "critical")]
    assert order == sorted(order)
    assert thresholds["critical_recovery"] < thresholds["critical"]
    for conditional in ("is_alert", "is_warning", "is_recovery"):
        assert monitor["message"].count(f"{{{{#{conditional}}}}}") == monitor["message"].count(
            f"{{{{/{conditional}}}}}"
        )
    grouped = {tag for found in _QUERY.finditer(monitor["query"]) for tag in (found["by"] or "").split(",") if tag}
    assert set(re.findall(r"{{\[([^\]]+)\]\.name}}", monitor["name"] + monitor["message"])) <= grouped


@pytest.mark.parametrize("name", ["dashboard.json", *MONITORS])
def test_every_metric_and_tag_is_one_that_we_export(name: str) -> None:
    queries = list(_queries(name))
    assert queries
    for query, variables in queries:
        found = list(_QUERY.finditer(query))
        assert found, query
        for part in found:
            metric, how = _exported(part["name"])
            if how == "histogram":
                assert part["how"] in ("p50", "p75", "p90", "p95", "p99"), query
            else:
                assert part["how"] == "sum", query
                assert ".as_count()" in query
            scope = [tag for tag in part["tags"].split(",") if tag != "*"]
            tags = [variables.get(tag, tag.partition(":")[0]) for tag in scope] + (part["by"] or "").split(",")
            assert set(filter(None, tags)) <= {*metric.attributes, *_OF_RESOURCE}, query


def test_grafana_names_only_what_metrics_tells() -> None:
    dashboard = json.loads((CHECKOUT / "deploy" / "grafana" / "tracehub.json").read_text(encoding="utf-8"))
    told = {sample.name: set(sample.labels) for family in _prometheus() for sample in family.samples}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names = re.findall(r"tracehub_[a-z_]+", target["expr"])
            assert names
            for name in names:
                if name.startswith(("tracehub_source", "tracehub_ingest", "tracehub_http")):
                    continue
                assert name in told, name
                for labels in re.findall(r"by \(([^)]*)\)", target["expr"]):
                    assert {label.strip() for label in labels.split(",")} - {"source", "type"} <= told[name] | {"le"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


def _exported(name: str) -> tuple[Metric, str]:
    """A histogram becomes a distribution of its name and, as aggregations are asked for, counts under .sum, .count,
    .min and .max."""
    by_name = {metric.name: metric for metric in METRICS}
    if name in by_name:
        return by_name[name], by_name[name].type
    base, _, suffix = name.rpartition(".")
    assert suffix in ("sum", "count"), name
    assert by_name[base].type == "histogram", name
    return by_name[base], "sum"


def _queries(name: str) -> Iterator[tuple[str, dict[str, str]]]:
    document = _read(name)
    if "query" in document:
        yield document["query"], {}
        return
    variables = {f"${each['name']}": each["prefix"] for each in document["template_variables"]}
    for widget in document["widgets"]:
        for request in widget["definition"]["requests"]:
            yield from ((query["query"], variables) for query in request["queries"])


def _prometheus() -> list[PrometheusMetric]:
    tally = Tally(calls=1, input_tokens=1, output_tokens=1, durations={1: 1}, total_us=1)
    cells = tuple(
        Cell(began_at=0, kind=kind, name="x", detail="ok", agent_id="a", alias_id="b", agent_version="1", tally=tally)
        for kind in KINDS
    )
    return list(families(Totals(cells, {})))


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATADOG / name).read_text(encoding="utf-8"))
    return found
