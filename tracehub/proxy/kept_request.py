"""What is kept of a traced call's request."""

from collections.abc import Sequence
from uuid import uuid4

import msgspec

from tracehub.bedrock.captured_call import Opened
from tracehub.proxy.operations import Operation
from tracehub.recorder import request_of

_TRACEPARENT = b"traceparent"
_ATTEMPTS = ((b"amz-sdk-invocation-id", "sdkInvocationId"), (b"amz-sdk-request", "sdkRequest"))

# What AWS takes is not half as deep; JSON libraries give up at some hundred levels.
_DEPTH = 32


def kept_request(
    operation: Operation, headers: Sequence[tuple[bytes, bytes]], body: bytes, attributes: tuple[str, ...]
) -> Opened:
    """The text, the ids, and of session attributes the values of those in `attributes`, as the recorder keeps them.

    Only what the path names where the body is none that AWS would take.
    Beside them the caller's W3C `traceparent`, and which attempt of which call of its SDK this is.
    """
    try:
        given = msgspec.json.decode(body or b"{}", type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = {}
    kept = request_of({**given, **operation.named}, attributes)
    if not _is_storable(kept, _DEPTH):
        kept = dict(operation.named)
    sent = dict(headers)
    if (parent := sent.get(_TRACEPARENT)) is not None:
        kept["traceparent"] = parent[:200].decode("latin-1")
    kept |= {name: sent[header][:200].decode("latin-1") for header, name in _ATTEMPTS if header in sent}
    return Opened(call_id=str(uuid4()), request=kept)


def _is_storable(value: object, depth: int) -> bool:
    match value:
        case dict() | list():
            inner = value.values() if isinstance(value, dict) else value
            return depth > 0 and all(_is_storable(each, depth - 1) for each in inner)
        case int():
            return -(2**63) <= value < 2**63
    return True
