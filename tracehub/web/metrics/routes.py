"""GET /metrics."""

from collections.abc import Callable, Iterable, Iterator
from typing import cast

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE_OPEN
from prometheus_client.openmetrics.exposition import generate_latest as write_open
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.responses import Response

from tracehub.web.dependencies import Parts
from tracehub.web.live.subscribers import Subscribers
from tracehub.web.metrics.own import OwnMetrics
from tracehub.web.metrics.stored import StoredMetrics

router = APIRouter(tags=["health"])
_OPEN = "application/openmetrics-text"
Write = Callable[[Collector], bytes]


class _Given(Collector):
    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = tuple(found)

    def collect(self) -> Iterator[Metric]:
        yield from self._found


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}, _OPEN: {}}}})
def metrics(request: Request, parts: Parts) -> Response:
    """tracehub's own health, and what tools, knowledge bases, models and agents did, for Prometheus."""
    state = request.app.state
    # First what may fail in a way that the process counts.
    stored = cast("StoredMetrics", state.stored_metrics).families()
    own = cast("OwnMetrics", state.own_metrics).families(
        waiting_bytes=parts.waiting_bytes(), subscribers=len(cast("Subscribers", state.subscribers))
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given((*own, *stored)))
    opened = _OPEN in request.headers.get("accept", "")
    write, content_type = (write_open, CONTENT_TYPE_OPEN) if opened else (generate_latest, CONTENT_TYPE_PLAIN_0_0_4)
    return Response(cast("Write", write)(registry), media_type=content_type)
