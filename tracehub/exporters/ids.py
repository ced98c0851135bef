"""Which ids a trace has where it is exported to: the same each time, so that sending again doubles nothing.

Ours are OpenTelemetry's already (a request's uuid, hashes). A salt makes others of them. A trace whose caller named its
own span continues the caller's trace.
"""

from hashlib import sha256

from tracehub.exporters.links import SpanRef
from tracehub.exporters.terms import Terms
from tracehub.model.trace import Caller, Trace


def exported_trace_id(trace_id: str, caller: Caller | None, terms: Terms) -> str:
    """32 hex digits: the caller's where it has one, else the trace's own, salted where the terms say so."""
    if caller is not None:
        return caller.trace_id
    if terms.id_salt is None:
        return trace_id
    return _hashed("trace", terms.id_salt, trace_id, 16)


def exported_span_id(trace_id: str, span_id: str, terms: Terms) -> str:
    """16 hex digits for a span of our trace `trace_id`."""
    if terms.id_salt is None:
        return span_id
    return _hashed("span", terms.id_salt, f"{trace_id}\0{span_id}", 8)


def root_ref(trace: Trace, terms: Terms) -> SpanRef:
    """Where the trace's root stands, for those that link to it."""
    return span_ref(trace.trace_id, trace.spans[0].span_id, trace.caller, terms)


def span_ref(trace_id: str, span_id: str, caller: Caller | None, terms: Terms) -> SpanRef:
    """Where a span of our trace stands, for those that link to it."""
    return SpanRef(
        trace_id=exported_trace_id(trace_id, caller, terms), span_id=exported_span_id(trace_id, span_id, terms)
    )


def _hashed(what: str, salt: str, key: str, length: int) -> str:
    """All zeros is no valid id, so the next bytes are taken."""
    digest = sha256(f"tracehub/{what}/1\0{salt}\0{key}".encode("utf-8", "replace")).digest()
    return digest[:length].hex() if any(digest[:length]) else digest[length : 2 * length].hex()
