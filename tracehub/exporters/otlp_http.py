"""Sends one OTLP request over HTTP, and tells what the receiver made of it.

OTLP specification 1.x, "OTLP/HTTP Response", with what real receivers do besides: nothing counts as delivered that only
answered with some 2xx.
"""

import gzip
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from tracehub.exporters.outcome import (
    Broken,
    Delivered,
    Misconfigured,
    Outcome,
    PartlyRejected,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.outbound import Outbound, RefusedAddressError, Reply, UnreachableError
from tracehub.telemetry.spans import span

PROTOBUF = "application/x-protobuf"
# The specification's figure for what a client reads of an answer.
MOST_REPLY_BYTES = 4 * 1024 * 1024
LONGEST_WAIT = 86_400.0
_SAID = 2_000
_LEVEL = 1

# Beside what the specification names: a request that came too slowly (408) or too early (425) may come again.
_LATER = frozenset({408, 425, 429, 502, 503, 504})
_WHO = frozenset({401, 403, 407})
# Nobody listens there for OTLP, or not for protobuf with gzip: every trace would be refused, not this one.
_ELSEWHERE = frozenset({404, 405, 415})
_TOO_LARGE = 413


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go and how. `headers` are ready to be sent, secrets among them."""

    url: str
    headers: Mapping[str, str]
    compression: str = "gzip"
    seconds: float = 10


class _Partial(msgspec.Struct, rename="camel"):
    # Protobuf's JSON writes 64-bit numbers as texts.
    rejected_spans: int | str = 0
    rejected_data_points: int | str = 0
    error_message: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _Partial | None = None


def post(outbound: Outbound, endpoint: Endpoint, body: bytes, *, clock: Callable[[], float]) -> Outcome:
    """What became of one request; `body` is an Export…ServiceRequest, `clock` tells seconds since 1970."""
    headers = {**endpoint.headers, "Content-Type": PROTOBUF}
    if endpoint.compression == "gzip":
        body, headers["Content-Encoding"] = gzip.compress(body, _LEVEL, mtime=0), "gzip"
    try:
        with span("export request", bytes=len(body)) as running:
            reply = outbound.request(
                "POST", endpoint.url, body=body, headers=headers, seconds=endpoint.seconds, most_bytes=MOST_REPLY_BYTES
            )
            running.note(status=reply.status)
    except RefusedAddressError as error:
        return Misconfigured(str(error))
    except UnreachableError as error:
        return RetryLater(str(error))
    return judged(reply, clock())


def judged(reply: Reply, now: float) -> Outcome:
    """What an answer means, at a time (seconds since 1970)."""
    status = reply.status
    if 200 <= status < 300:
        return _taken(reply)
    if 300 <= status < 400:
        place = _one_line(reply.headers.get("location", "nowhere"))
        return Misconfigured(f"HTTP {status}: it redirects to {place}, and redirects are not followed")
    reason = _said(reply)
    if status in _LATER:
        return RetryLater(reason, retry_after(reply.headers.get("retry-after"), now))
    if status == _TOO_LARGE:
        return TooLarge(reason)
    if status in _WHO:
        return Refused(reason)
    if status in _ELSEWHERE or status < 200:
        return Misconfigured(reason)
    return Broken(reason) if status >= 500 else Poison(reason)


def retry_after(value: str | None, now: float) -> float | None:
    """How many seconds to wait, of a Retry-After in seconds or as a date (RFC 9110, 10.2.3); None where it says
    nothing. At most a day."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, at.timestamp() - now), LONGEST_WAIT)


def _taken(reply: Reply) -> Outcome:
    if reply.cut:
        return Misconfigured(f"HTTP {reply.status}, but with an answer of more than {MOST_REPLY_BYTES} bytes")
    if not reply.body.strip():
        return Delivered()
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    answer = _read_json(reply.body) if "json" in kind else _read_protobuf(reply.body) if kind == PROTOBUF else None
    if answer is None:
        return Misconfigured(
            f"HTTP {reply.status}, but the answer is none of OTLP (content type {_one_line(kind) or 'not told'}): "
            f"{_excerpt(reply.body)}"
        )
    rejected, message = answer
    if rejected > 0:
        return PartlyRejected(rejected, message or "it gave no reason")
    return Delivered(message or None)


def _read_protobuf(body: bytes) -> tuple[int, str] | None:
    # Metrics are answered in the same shape.
    answer = ExportTraceServiceResponse()
    try:
        answer.ParseFromString(body)
    except DecodeError:
        return None
    return answer.partial_success.rejected_spans, _cut(answer.partial_success.error_message)


def _read_json(body: bytes) -> tuple[int, str] | None:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        partial = answer.partial_success or _Partial()
        return int(partial.rejected_spans) + int(partial.rejected_data_points), _cut(partial.error_message)
    except (msgspec.DecodeError, ValueError):
        return None


def _said(reply: Reply) -> str:
    """The status and the receiver's reason, as far as it gave one."""
    if reply.headers.get("content-type", "").startswith(PROTOBUF):
        # An error is a google.rpc.Status: its code and message are the same fields as these.
        status = ExportTracePartialSuccess()
        try:
            status.ParseFromString(reply.body)
            message = _cut(status.error_message)
            return f"HTTP {reply.status}: {message}" if message else f"HTTP {reply.status}"
        except DecodeError:
            pass
    return f"HTTP {reply.status}: {_excerpt(reply.body)}" if reply.body.strip() else f"HTTP {reply.status}"


def _excerpt(body: bytes) -> str:
    return _cut(body[: 4 * _SAID].decode("utf-8", "replace").strip())


def _cut(text: str) -> str:
    return text if len(text) <= _SAID else f"{text[: _SAID - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text[:300].split())
