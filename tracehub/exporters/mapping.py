"""A trace as OpenTelemetry's spans."""

from collections.abc import Iterable, Sequence

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tracehub.exporters.around import Around
from tracehub.exporters.dialects.datadog import rewrite_for_datadog
from tracehub.exporters.dialects.openinference import add_openinference
from tracehub.exporters.ids import exported_span_id, exported_trace_id
from tracehub.exporters.kinds.agent import agent_span
from tracehub.exporters.kinds.calls import code_span, retrieval_span, tool_span
from tracehub.exporters.kinds.model import model_span
from tracehub.exporters.kinds.others import custom_span, guardrail_span
from tracehub.exporters.links import NO_LINKS, Links
from tracehub.exporters.otel_span import Attributes, OtelLink, OtelSpan
from tracehub.exporters.resource import resource_of
from tracehub.exporters.stripping import without_content
from tracehub.exporters.terms import Dialect, Terms
from tracehub.exporters.times import set_times
from tracehub.exporters.tree import assert_tree
from tracehub.exporters.wire import written
from tracehub.model.span import (
    AgentSpan,
    CodeSpan,
    CustomSpan,
    GuardrailSpan,
    ModelSpan,
    RetrievalSpan,
    Span,
    ToolSpan,
)
from tracehub.model.trace import Trace

__all__ = ["resource_spans", "span_count", "without_content"]


def resource_spans(
    trace: Trace, terms: Terms, links: Links = NO_LINKS, *, received_at: int | None = None
) -> tuple[ResourceSpans, ...]:
    """All spans of the trace: children first, the root the last of the last; the same bytes each time.

    A sender may cut between any two spans. `received_at` (microseconds since 1970 UTC) dates a trace whose events tell
    no time. PermanentError where nothing does, or where the trace is no valid tree.
    """
    told = translated(trace, terms, links, received_at=received_at)
    return tuple(written(resource, spans, told.trace_id, told.schema_url) for resource, spans in told.resources)


def span_count(spans: Iterable[ResourceSpans]) -> int:
    """How many spans these are."""
    return sum(len(scope.spans) for resource in spans for scope in resource.scope_spans)


class Translated(msgspec.Struct, frozen=True):
    """A trace in OpenTelemetry's words, not yet written: each resource with its spans, in the order they are sent."""

    trace_id: str
    schema_url: str
    resources: list[tuple[Attributes, list[OtelSpan]]]


def translated(trace: Trace, terms: Terms, links: Links, *, received_at: int | None = None) -> Translated:
    """What `resource_spans` writes."""
    around = Around(trace, terms)
    told = [_told(span, around) for span in trace.spans]
    set_times(told, trace, received_at, around.names.estimated)
    for span, out in zip(trace.spans, told, strict=True):
        _rewrite(out, span, around, terms)
    if told:
        _link(told[0], links, around)
    ordered = _children_first(trace.spans, told)
    if terms.dialect is not Dialect.DATADOG:
        ordered = _customs_as_events(ordered)
    trace_id = exported_trace_id(trace.trace_id, trace.caller, terms)
    assert_tree(trace_id, [out for _, out in ordered])
    resources = _by_resource(ordered, trace, terms)
    _use_exported_ids(ordered, trace, terms)
    return Translated(trace_id, around.names.schema_url, resources)


def _told(span: Span, around: Around) -> OtelSpan:
    match span:
        case AgentSpan():
            return agent_span(span, around)
        case ModelSpan():
            return model_span(span, around)
        case ToolSpan():
            return tool_span(span, around)
        case CodeSpan():
            return code_span(span, around)
        case RetrievalSpan():
            return retrieval_span(span, around)
        case GuardrailSpan():
            return guardrail_span(span, around)
        case CustomSpan():
            return custom_span(span, around)


def _rewrite(told: OtelSpan, span: Span, around: Around, terms: Terms) -> None:
    match terms.dialect:
        case Dialect.GENAI:
            pass
        case Dialect.OPENINFERENCE:
            add_openinference(told, span, around.content)
        case Dialect.DATADOG:
            rewrite_for_datadog(told, span, around.names, around.content)


def _link(root: OtelSpan, links: Links, around: Around) -> None:
    for name, ref in (("previous_turn", links.previous_turn), ("return_of_control", links.return_of_control)):
        if ref is not None:
            root.links.append(OtelLink(ref.trace_id, ref.span_id, {around.names.link: name}))


def _children_first(spans: Sequence[Span], told: Sequence[OtelSpan]) -> list[tuple[Span, OtelSpan]]:
    """Post-order: siblings as they were, each after all that is below it."""
    children: dict[str | None, list[tuple[Span, OtelSpan]]] = {}
    for span, out in zip(spans, told, strict=True):
        children.setdefault(span.parent_id, []).append((span, out))
    ordered: list[tuple[Span, OtelSpan]] = []
    waiting = children.pop(None, [])
    while waiting:
        each = waiting.pop()
        ordered.append(each)
        waiting.extend(children.pop(each[0].span_id, ()))
    # What no root leads to is for assert_tree to name.
    lost = [each for siblings in children.values() for each in siblings]
    return lost + ordered[::-1]


def _customs_as_events(ordered: list[tuple[Span, OtelSpan]]) -> list[tuple[Span, OtelSpan]]:
    """Messages of a custom orchestration stand as events on the agent above them."""
    kept = [each for each in ordered if not isinstance(each[0], CustomSpan)]
    if len(kept) < len(ordered):
        by_id = {out.span_id: out for _, out in kept}
        for span, out in ordered:
            above = by_id.get(out.parent_id or "")
            if isinstance(span, CustomSpan) and above is not None:
                above.events.extend(out.events)
    return kept


def _by_resource(
    ordered: list[tuple[Span, OtelSpan]], trace: Trace, terms: Terms
) -> list[tuple[Attributes, list[OtelSpan]]]:
    """Each agent's own spans under its resource, collaborators before those that called them."""
    head_of: dict[str | None, str] = {}
    agents = {trace.spans[0].span_id: trace.agent}
    for span in trace.spans:
        if isinstance(span, AgentSpan):
            agents[span.span_id] = span.agent
        head_of[span.span_id] = span.span_id if span.span_id in agents else head_of[span.parent_id]
    members: dict[str, list[OtelSpan]] = {}
    for span, out in ordered:
        members.setdefault(head_of[span.span_id], []).append(out)
    groups: list[tuple[Attributes, list[OtelSpan]]] = []
    for head in (span.span_id for span, _ in ordered if span.span_id in agents):
        resource = resource_of(agents[head], terms)
        if groups and groups[-1][0] == resource:
            groups[-1][1].extend(members[head])
        else:
            groups.append((resource, members[head]))
    return groups


def _use_exported_ids(ordered: list[tuple[Span, OtelSpan]], trace: Trace, terms: Terms) -> None:
    """Gives the spans the ids they have where they go, and the root its caller."""
    if terms.id_salt is not None:
        ids = {out.span_id: exported_span_id(trace.trace_id, out.span_id, terms) for _, out in ordered}
        for _, out in ordered:
            out.span_id, out.parent_id = ids[out.span_id], ids.get(out.parent_id or "")
            out.links = [
                link if link.trace_id else OtelLink(None, ids[link.span_id], link.attributes) for link in out.links
            ]
    if trace.caller is not None:
        ordered[-1][1].parent_id = trace.caller.span_id
