"""What is kept of a traced call's request."""

from collections.abc import Sequence
from uuid import uuid4

import msgspec

from tracehub.bedrock.captured_call import Opened
from tracehub.proxy.operations import Operation
from tracehub.recorder import request_of

_TRACEPARENT = b"traceparent"
_ATTEMPTS = ((b"amz-sdk-invocation-id", "sdkInvocationId"), (b"amz-sdk-request", "sdkRequest"))


def kept_request(
    operation: Operation, headers: Sequence[tuple[bytes, bytes]], body: bytes, attributes: tuple[str, ...]
) -> Opened:
    """The text, the ids, and of session attributes the values of those in `attributes`, as the recorder keeps them.

    Beside them the caller's W3C `traceparent`, and which attempt of which call of its SDK this is.
    """
    try:
        given = msgspec.json.decode(body or b"{}", type=dict[str, object])
        kept = request_of({**given, **operation.named}, attributes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, TypeError):
        # No body, or not the shape that AWS takes: it is AWS's to say so.
        kept = request_of(operation.named, attributes)
    sent = dict(headers)
    if (parent := sent.get(_TRACEPARENT)) is not None:
        kept["traceparent"] = parent[:200].decode("latin-1")
    kept |= {name: sent[header][:200].decode("latin-1") for header, name in _ATTEMPTS if header in sent}
    return Opened(call_id=str(uuid4()), request=kept)
