"""Refuses what is no tree of spans: a span that is its own parent has hung a back end for ever."""

import re
from collections.abc import Mapping, Sequence

from tracehub.errors import PermanentError
from tracehub.exporters.otel_span import OtelSpan

_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
# Nanoseconds have to fit 63 bits.
_LATEST = (2**63 - 1) // 1000


def assert_tree(trace_id: str, spans: Sequence[OtelSpan]) -> None:
    """PermanentError says what is wrong unless `spans` are one tree, the root last, each within its parent's time."""
    if not _TRACE_ID.fullmatch(trace_id):
        raise _error(trace_id, "its id is none of OpenTelemetry's")
    by_id: dict[str, OtelSpan] = {}
    for span in spans:
        if not _ID.fullmatch(span.span_id):
            raise _error(trace_id, f"span id {span.span_id} is none of OpenTelemetry's")
        if by_id.setdefault(span.span_id, span) is not span:
            raise _error(trace_id, f"span id {span.span_id} occurs twice")
    if not spans or spans[-1].parent_id is not None:
        raise _error(trace_id, "its last span is no root")
    for span in spans:
        if fault := _fault(span, by_id, spans[-1]):
            raise _error(trace_id, f"span {span.span_id} {fault}")
    _assert_reaches_root(trace_id, spans, by_id)


def _fault(span: OtelSpan, by_id: Mapping[str, OtelSpan], root: OtelSpan) -> str | None:
    if not 0 < span.started_at <= span.ended_at <= _LATEST:
        return "ends before it begins, or at no time that can be written"
    if span.parent_id is None:
        return None if span is root else "is a second root"
    if span.parent_id == span.span_id:
        return "is its own parent"
    parent = by_id.get(span.parent_id)
    if parent is None:
        return f"has the parent {span.parent_id}, which is not there"
    if span.started_at < parent.started_at or span.ended_at > parent.ended_at:
        return "does not lie within its parent's time"
    return None


def _assert_reaches_root(trace_id: str, spans: Sequence[OtelSpan], by_id: Mapping[str, OtelSpan]) -> None:
    reached = {spans[-1].span_id}
    for span in spans:
        path: list[str] = []
        at = span
        while at.span_id not in reached:
            if len(path) > len(spans):
                raise _error(trace_id, f"span {span.span_id} is below itself")
            path.append(at.span_id)
            at = by_id[at.parent_id or ""]
        reached.update(path)


def _error(trace_id: str, fault: str) -> PermanentError:
    return PermanentError(f"trace {trace_id} is no tree of spans: {fault}")
