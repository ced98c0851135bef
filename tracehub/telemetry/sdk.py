"""Sends tracehub's own spans and metrics to a collector, with opentelemetry-sdk and its standard OTEL_* variables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from tracehub import __version__
from tracehub.telemetry import spans
from tracehub.telemetry.measures import COUNTED, TIMED
from tracehub.telemetry.spans import Started, Value

_NAME = "tracehub"


@contextmanager
def switched_on(exporter: SpanExporter | None = None, reader: MetricReader | None = None) -> Iterator[None]:
    """Spans and metrics leave until the block ends, by default over OTLP/HTTP to where OTEL_EXPORTER_OTLP_* say.

    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over our own names.
    """
    resource = Resource({"service.name": _NAME, "service.version": __version__}).merge(Resource.create())
    if resource.attributes.get("service.name", "").startswith("unknown_service"):  # type: ignore[union-attr]
        resource = resource.merge(Resource({"service.name": _NAME}))
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
    meters = MeterProvider([reader or PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource)
    spans.switch(partial(_started, tracers.get_tracer(_NAME, __version__)))
    _tell(meters.get_meter(_NAME, __version__))
    try:
        yield
    finally:
        spans.switch(None)
        for measure in (*COUNTED, *TIMED):
            measure.also = None
        tracers.shutdown()
        meters.shutdown()


def _tell(meter: Meter) -> None:
    for counted in COUNTED:
        counted.also = meter.create_counter(counted.name, description=counted.help_text).add
    for timed in TIMED:
        timed.also = meter.create_histogram(timed.name, unit="s", description=timed.help_text).record


class _Running:
    def __init__(self, running: Span) -> None:
        self._running = running

    def note(self, **attributes: Value) -> None:
        self._running.set_attributes(_dotted(attributes))


@contextmanager
def _started(tracer: Tracer, name: str, attributes: Mapping[str, Value]) -> Iterator[Started]:
    """An exception's text may quote a trace, so that only its type is told."""
    with tracer.start_as_current_span(
        name, attributes=_dotted(attributes), record_exception=False, set_status_on_exception=False
    ) as running:
        try:
            yield _Running(running)
        except BaseException as error:
            running.set_attribute("error.type", type(error).__name__)
            running.set_status(Status(StatusCode.ERROR))
            raise


def _dotted(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {name.replace("_", "."): value for name, value in attributes.items()}
