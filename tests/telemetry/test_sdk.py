"""tracehub's own spans and metrics: nothing until they are switched on, and never anything of a trace."""

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.serving import serving
from tests.traffic import demo_lines
from tracehub.cli.serving import telemetry_of
from tracehub.settings import Settings
from tracehub.telemetry import spans
from tracehub.telemetry.measures import COUNTED, TIMED
from tracehub.telemetry.sdk import switched_on


def test_requests_and_ingest_leave_as_spans_and_metrics_without_anything_of_a_trace(sqlite_url: str) -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    secret = "ORD-77-secret"
    with switched_on(exporter, reader):
        with serving(sqlite_url, collect=False) as server:
            body = demo_lines(2).replace(b"ORDERHELP1", secret.encode())
            server.client.post("/api/v1/records", content=body)
            server.client.get(f"/sessions/{secret}?q={secret}")
            server.client.get("/api/v1/sessions")
        told = reader.get_metrics_data()
    found = exporter.get_finished_spans()
    assert {span.name for span in found} == {"POST", "GET", "ingest batch"}
    routes = {(span.attributes or {}).get("http.route") for span in found if span.name == "GET"}
    assert routes == {"/sessions/{session_id:path}", "/api/v1/sessions"}
    assert secret not in str([span.to_json() for span in found])
    assert told is not None
    names = {metric.name for metric in told.resource_metrics[0].scope_metrics[0].metrics}
    assert {"tracehub_ingest_lag_seconds", "tracehub_http_requests", "tracehub_ingest_batches"} <= names
    assert secret not in told.to_json()
    assert told.resource_metrics[0].resource.attributes["service.name"] == "tracehub"


def test_an_error_is_told_by_its_type_alone() -> None:
    exporter = InMemorySpanExporter()
    with switched_on(exporter, InMemoryMetricReader()), pytest.raises(ValueError, match="secret"), spans.span("work"):
        raise ValueError("a secret from a trace")
    [span] = exporter.get_finished_spans()
    assert not span.status.is_ok
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert "secret" not in span.to_json()


def test_after_the_end_nothing_is_told_any_more() -> None:
    with switched_on(InMemorySpanExporter(), InMemoryMetricReader()):
        assert all(measure.also is not None for measure in (*COUNTED, *TIMED))
    assert all(measure.also is None for measure in (*COUNTED, *TIMED))
    assert spans.span("a") is spans.span("b")


def test_it_is_off_unless_a_setting_or_a_standard_variable_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("", "TRACES_", "METRICS_"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}ENDPOINT", raising=False)
    with telemetry_of(Settings()):
        assert spans.span("a") is spans.span("b")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with telemetry_of(Settings(telemetry=True)):
        assert spans.span("a") is spans.span("b")


def test_the_sdk_is_not_even_loaded_while_it_is_off(tmp_path: Path) -> None:
    program = (
        "import sys, tracehub.app, tracehub.cli.serving, tracehub.web.build\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
