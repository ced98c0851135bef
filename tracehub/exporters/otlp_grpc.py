"""Sends OTLP requests over gRPC, for receivers that speak nothing else. It needs the optional part `tracehub[grpc]`."""

import importlib
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from tracehub.errors import PermanentError
from tracehub.exporters.otlp_http import MOST_REPLY_BYTES, Endpoint, judged
from tracehub.exporters.outcome import (
    Broken,
    Misconfigured,
    Outcome,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.outbound import Outbound, RefusedAddressError, Reply, UnreachableError

_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_SAID = 2_000
# OTLP specification, "Failures": these may come again. RESOURCE_EXHAUSTED is told apart below.
_LATER = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"})
_WHO = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
_BROKEN = frozenset({"INTERNAL", "UNKNOWN"})


class Channel(Protocol):
    """What is needed of grpc.Channel."""

    def unary_unary(self, method: str, **serializers: object) -> Callable[..., bytes]:
        """A method to call."""
        ...

    def close(self) -> None:
        """Ends its connections."""
        ...


class GrpcSender:
    """Sends to one receiver; the connection is kept. PermanentError, saying what to install, where gRPC is missing."""

    def __init__(self, outbound: Outbound, endpoint: Endpoint) -> None:
        try:
            self._grpc: Any = importlib.import_module("grpc")
        except ImportError as error:
            msg = "protocol grpc needs an optional part of tracehub: pip install 'tracehub[grpc]', or use http/protobuf"
            raise PermanentError(msg) from error
        self._outbound = outbound
        self._endpoint = endpoint
        self._channel: Channel | None = None
        self._call: Callable[..., bytes] | None = None

    def send(self, body: bytes) -> Outcome:
        """What became of one request; `body` is an ExportTraceServiceRequest."""
        try:
            if self._call is None:
                self._connect()
            assert self._call is not None
            answer = self._call(
                body,
                timeout=self._endpoint.seconds,
                metadata=[(name.lower(), value) for name, value in self._endpoint.headers.items()],
            )
        except RefusedAddressError as error:
            return Misconfigured(str(error))
        except UnreachableError as error:
            return RetryLater(str(error))
        except self._grpc.RpcError as error:
            self.close()
            return judged_status(error.code().name, error.details() or "")
        return judged(Reply(status=200, headers={"content-type": "application/x-protobuf"}, body=answer, cut=False), 0)

    def close(self) -> None:
        """Ends the connection; the next request makes another, to where the name leads then."""
        if self._channel is not None:
            self._channel.close()
        self._channel = self._call = None

    def _connect(self) -> None:
        """To the address that was checked, under the name that was entered."""
        grpc, parts = self._grpc, urlsplit(self._endpoint.url)
        address, port = self._outbound.reach(self._endpoint.url)
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        options = [
            ("grpc.default_authority", parts.netloc),
            ("grpc.enable_http_proxy", 0),
            ("grpc.max_receive_message_length", MOST_REPLY_BYTES),
        ]
        compression = grpc.Compression.Gzip if self._endpoint.compression == "gzip" else None
        if parts.scheme == "https":
            options.append(("grpc.ssl_target_name_override", parts.hostname or ""))
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.secure_channel(target, credentials, options=options, compression=compression)
        else:
            self._channel = grpc.insecure_channel(target, options=options, compression=compression)
        assert self._channel is not None
        self._call = self._channel.unary_unary(_EXPORT, request_serializer=None, response_deserializer=None)


def judged_status(code: str, details: str) -> Outcome:
    """What a status other than OK means."""
    reason = f"gRPC {code}: {details[:_SAID]}" if details else f"gRPC {code}"
    if code == "RESOURCE_EXHAUSTED":
        # Without words of its own for it, gRPC says that a message is too large like this.
        return TooLarge(reason) if "larger than max" in details.lower() else RetryLater(reason)
    if code in _LATER:
        return RetryLater(reason)
    if code in _WHO:
        return Refused(reason)
    if code == "UNIMPLEMENTED":
        return Misconfigured(reason)
    return Broken(reason) if code in _BROKEN else Poison(reason)
