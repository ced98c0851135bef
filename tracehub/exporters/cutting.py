"""Cuts traces into pieces that fit into requests, and pieces into smaller ones."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from tracehub.exporters.stripping import without_content

# Below the smallest limits that are known: 3.2 MB of Datadog's older intake, 4 MiB of gRPC.
MOST_SPANS = 512
MOST_BYTES = 3_000_000
ID = 8
_FIELD = b"\x0a"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some spans of one trace in their order. `ids` are theirs, 8 bytes each; `encoded` is what they add to a request.

    Requests are repeated fields, so that the encodings of pieces, one after the other, are the request.
    """

    trace_id: str
    spans: tuple[ResourceSpans, ...]
    ids: bytes
    encoded: bytes
    stripped: bool = False

    @property
    def count(self) -> int:
        """How many spans."""
        return len(self.ids) // ID


def pieces_of(
    trace_id: str, spans: Iterable[ResourceSpans], settled: bytes = b"", *, most_bytes: int = MOST_BYTES
) -> tuple[Piece, ...]:
    """The trace without the spans that are settled, in as few pieces as the limits allow."""
    whole = tuple(spans)
    if settled:
        done = {settled[place : place + ID] for place in range(0, len(settled), ID)}
        whole = _without(whole, done)
    piece = _piece(trace_id, whole)
    if piece.count == 0:
        return ()
    if piece.count <= MOST_SPANS and len(piece.encoded) <= most_bytes:
        return (piece,)
    return tuple(_cut(piece, begin, end) for begin, end in _stretches(piece, most_bytes))


def halves(piece: Piece) -> tuple[Piece, Piece] | None:
    """The piece in two; None where it is one span."""
    if piece.count < 2:
        return None
    middle = piece.count // 2
    return _cut(piece, 0, middle), _cut(piece, middle, piece.count)


def bare(piece: Piece) -> Piece:
    """The same spans without prompts, answers, arguments and results."""
    return msgspec.structs.replace(
        _piece(piece.trace_id, tuple(without_content(each) for each in piece.spans)), stripped=True
    )


def size_of(pieces: Iterable[Piece]) -> int:
    """The bytes of a request with these pieces."""
    return sum(len(piece.encoded) for piece in pieces)


def request_of(pieces: Iterable[Piece]) -> bytes:
    """An ExportTraceServiceRequest with these pieces."""
    return b"".join(piece.encoded for piece in pieces)


def fits(pieces: Sequence[Piece], another: Piece, *, most_bytes: int = MOST_BYTES) -> bool:
    """Whether one more piece goes into the same request."""
    return (
        sum(piece.count for piece in pieces) + another.count <= MOST_SPANS
        and size_of(pieces) + len(another.encoded) <= most_bytes
    )


def _piece(trace_id: str, spans: tuple[ResourceSpans, ...]) -> Piece:
    ids = b"".join(span.span_id for resource in spans for scope in resource.scope_spans for span in scope.spans)
    return Piece(trace_id=trace_id, spans=spans, ids=ids, encoded=b"".join(_field(resource) for resource in spans))


def _field(message: ResourceSpans) -> bytes:
    """The message as the first field of a request (Protocol Buffers, "Message Structure")."""
    body = message.SerializeToString()
    length, rest = bytearray(), len(body)
    while rest > 0x7F:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    length.append(rest)
    return _FIELD + bytes(length) + body


def _without(spans: Iterable[ResourceSpans], done: set[bytes]) -> tuple[ResourceSpans, ...]:
    return _some(spans, lambda _, span_id: span_id not in done)


def _cut(piece: Piece, begin: int, end: int) -> Piece:
    cut = _piece(piece.trace_id, _some(piece.spans, lambda place, _: begin <= place < end))
    return msgspec.structs.replace(cut, stripped=piece.stripped)


def _some(spans: Iterable[ResourceSpans], wanted: Callable[[int, bytes], bool]) -> tuple[ResourceSpans, ...]:
    """Those spans that are wanted, under the resources and scopes they had."""
    found, place = [], 0
    for resource in spans:
        kept = ResourceSpans(resource=resource.resource, schema_url=resource.schema_url)
        for scope in resource.scope_spans:
            chosen = []
            for span in scope.spans:
                if wanted(place, span.span_id):
                    chosen.append(span)
                place += 1
            if chosen:
                kept.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=chosen)
        if kept.scope_spans:
            found.append(kept)
    return tuple(found)


def _stretches(piece: Piece, most_bytes: int) -> list[tuple[int, int]]:
    """Which spans go together, from and to."""
    sizes = [span.ByteSize() + 16 for resource in piece.spans for scope in resource.scope_spans for span in scope.spans]
    # Each piece repeats the resource.
    frame = max(resource.resource.ByteSize() for resource in piece.spans) + 300
    found, begin, size = [], 0, frame
    for place, each in enumerate(sizes):
        if place > begin and (place - begin == MOST_SPANS or size + each > most_bytes):
            found.append((begin, place))
            begin, size = place, frame
        size += each
    found.append((begin, len(sizes)))
    return found
