"""SDKs raise for a refusal what they would raise at AWS."""

import json

import pytest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.session import Session

from tracehub.proxy.signing import refusals


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (refusals.missing_token(), 403, "MissingAuthenticationTokenException"),
        (refusals.incomplete("x"), 403, "IncompleteSignatureException"),
        (refusals.unrecognized(), 403, "UnrecognizedClientException"),
        (refusals.mismatch(), 403, "InvalidSignatureException"),
        (refusals.denied('"ü\n'), 403, "AccessDeniedException"),
        (refusals.throttled(), 429, "ThrottlingException"),
    ],
)
def test_botocore_reads_code_and_message(error: refusals.RefusedError, status: int, code: str) -> None:
    given, headers, body = refusals.answer(error, "request-1")
    assert given == status
    assert dict(headers)[b"content-length"] == str(len(body)).encode()
    assert json.loads(body) == {"message": error.message}
    model = ServiceModel(Session().get_service_data("bedrock-agent-runtime"))
    received = {
        "status_code": given,
        "headers": {name.decode(): value.decode() for name, value in headers},
        "body": body,
    }
    parsed = create_parser("rest-json").parse(received, model.operation_model("InvokeAgent").output_shape)
    assert parsed["Error"] == {"Code": code, "Message": error.message}
    assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
