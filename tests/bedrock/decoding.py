"""Decodes in one word, for the tests of decoding."""

from tracehub.bedrock.decode import decode, decode_chunks
from tracehub.bedrock.eventstream import encode_frame
from tracehub.model.record import Decoded, Limits, Record

RUN = "11111111-2222-4333-8444-555555555555"
CHILD = "99999999-8888-4777-8666-555555555555"


def decoded(data: bytes | str, limits: Limits | None = None) -> Decoded:
    """What `data` holds."""
    encoded = data.encode() if isinstance(data, str) else data
    return decode(Record(data=encoded, source="test", received_at=0), limits or Limits())


def in_chunks(data: bytes, size: int, limits: Limits | None = None) -> list[Decoded]:
    """The same in batches, fed `size` bytes at a time."""
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return list(decode_chunks(chunks, source="test", received_at=0, limits=limits or Limits()))


def found(result: Decoded) -> int:
    """The pieces that gave events, repeated ones too."""
    return result.records - result.ignored - len(result.quarantined)


def names(result: Decoded) -> list[tuple[str, str, int]]:
    """What the store tells events apart by, and their position."""
    return [(event.trace_id, event.event_id, event.index) for event in result.events]


def frame(kind: str, payload: bytes) -> bytes:
    """One message of a response stream as it comes over the wire."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, payload)


def rationale(text: str, run: str = RUN, **owner: object) -> dict[str, object]:
    """A TracePart with a rationale."""
    return {
        **owner,
        "sessionId": "s",
        "trace": {"orchestrationTrace": {"rationale": {"text": text, "traceId": f"{run}-0"}}},
    }
