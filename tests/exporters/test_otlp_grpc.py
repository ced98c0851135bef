"""gRPC is spoken where it is installed, and what to install is said where it is not."""

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tracehub.errors import PermanentError
from tracehub.exporters.otlp_grpc import GrpcSender, judged_status
from tracehub.exporters.otlp_http import Endpoint
from tracehub.exporters.outcome import (
    Broken,
    Misconfigured,
    Outcome,
    PartlyRejected,
    Poison,
    Refused,
    RetryLater,
    TooLarge,
)
from tracehub.outbound import Outbound

INSTALLED = importlib.util.find_spec("grpc") is not None


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        ("UNAVAILABLE", "no", RetryLater("gRPC UNAVAILABLE: no")),
        ("DEADLINE_EXCEEDED", "", RetryLater("gRPC DEADLINE_EXCEEDED")),
        ("RESOURCE_EXHAUSTED", "slow down", RetryLater("gRPC RESOURCE_EXHAUSTED: slow down")),
        (
            "RESOURCE_EXHAUSTED",
            "Received message larger than max (5 vs. 4)",
            TooLarge("gRPC RESOURCE_EXHAUSTED: Received message larger than max (5 vs. 4)"),
        ),
        ("UNAUTHENTICATED", "who", Refused("gRPC UNAUTHENTICATED: who")),
        ("PERMISSION_DENIED", "who", Refused("gRPC PERMISSION_DENIED: who")),
        ("UNIMPLEMENTED", "", Misconfigured("gRPC UNIMPLEMENTED")),
        ("INVALID_ARGUMENT", "bad", Poison("gRPC INVALID_ARGUMENT: bad")),
        ("INTERNAL", "oh", Broken("gRPC INTERNAL: oh")),
    ],
)
def test_a_status_means(code: str, details: str, expected: Outcome) -> None:
    assert judged_status(code, details) == expected


@pytest.mark.skipif(INSTALLED, reason="gRPC is installed here")
def test_what_to_install_is_said() -> None:
    with pytest.raises(PermanentError, match=r"pip install 'tracehub\[grpc\]'"):
        GrpcSender(Outbound(), Endpoint(url="http://collector:4317", headers={}))


@pytest.mark.skipif(not INSTALLED, reason="gRPC is not installed here: pip install grpcio")
def test_requests_arrive_with_their_metadata_and_partial_success_comes_back() -> None:
    grpc: Any = importlib.import_module("grpc")
    seen: list[tuple[bytes, dict[str, str]]] = []

    def export(body: bytes, context: Any) -> bytes:
        seen.append((body, dict(context.invocation_metadata())))
        if body == b"\x0a\x00\x0a\x00":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = 3
        return bytes(answer.SerializeToString())

    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(export)
    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        endpoint = Endpoint(url=f"http://127.0.0.1:{port}", headers={"Api-Key": "k"}, seconds=5)
        sender = GrpcSender(Outbound(["127.0.0.0/8"]), endpoint)
        assert sender.send(b"\x0a\x00") == PartlyRejected(3, "it gave no reason")
        assert sender.send(b"\x0a\x00\x0a\x00") == Refused("gRPC UNAUTHENTICATED: who are you")
        assert isinstance(sender.send(b"\x0a\x00"), PartlyRejected)
        assert (seen[0][0], seen[0][1]["api-key"]) == (b"\x0a\x00", "k")
        metadata_service = GrpcSender(Outbound(), Endpoint(url="http://169.254.169.254:80", headers={}))
        assert isinstance(metadata_service.send(b""), Misconfigured)
        sender.close()
    finally:
        server.stop(None)
    assert isinstance(sender.send(b"\x0a\x00"), RetryLater)
    sender.close()
