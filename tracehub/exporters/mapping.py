"""A trace as OpenTelemetry's spans."""

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tracehub.exporters.links import NO_LINKS, Links
from tracehub.exporters.terms import Terms
from tracehub.model.trace import Trace


def resource_spans(trace: Trace, terms: Terms, links: Links = NO_LINKS) -> tuple[ResourceSpans, ...]:
    """All spans of the trace: children first, the root the last of the last; the same bytes each time.

    A sender may cut between any two spans. PermanentError where the trace is no valid tree.
    """
    raise NotImplementedError


def without_content(spans: ResourceSpans) -> ResourceSpans:
    """The same spans without prompts, answers, arguments and results: for a receiver that finds even one too large."""
    raise NotImplementedError


def span_count(spans: tuple[ResourceSpans, ...]) -> int:
    """How many spans these are."""
    return sum(len(scope.spans) for resource in spans for scope in resource.scope_spans)
