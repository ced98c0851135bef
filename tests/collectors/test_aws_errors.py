"""What a failure of AWS means."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    IncompleteReadError,
    InvalidEndpointConfigurationError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    ReadTimeoutError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from tracehub.collectors.aws_errors import Failure, failure_of


def refused(status: int, code: str, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0},
        },
        "GetObject",
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused(400, "ThrottlingException"), "throttled"),
        (refused(503, "SlowDown"), "throttled"),
        (refused(429, ""), "throttled"),
        (refused(403, "ExpiredToken"), "credentials"),
        (refused(403, "SignatureDoesNotMatch"), "credentials"),
        (refused(403, "AccessDenied"), "denied"),
        (refused(403, "403"), "denied"),
        (refused(404, "NoSuchBucket"), "missing"),
        (refused(400, "AWS.SimpleQueueService.NonExistentQueue"), "missing"),
        (refused(500, "InternalError"), "unreachable"),
        (refused(400, "RequestTimeout"), "unreachable"),
        (refused(400, "InvalidRequest"), "refused"),
        (NoCredentialsError(), "credentials"),
        (ProfileNotFound(profile="nobody"), "credentials"),
        (CredentialRetrievalError(provider="sso", error_msg="expired"), "credentials"),
        (UnauthorizedSSOTokenError(), "credentials"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), "credentials"),
        (EndpointConnectionError(endpoint_url="http://x"), "unreachable"),
        (ConnectTimeoutError(endpoint_url="http://x"), "unreachable"),
        (ReadTimeoutError(endpoint_url="http://x"), "unreachable"),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), "unreachable"),
        (ResponseParserError("a page of a proxy"), "unreachable"),
        (ParamValidationError(report="bucket"), "refused"),
        (InvalidEndpointConfigurationError(msg="Invalid endpoint: x"), "refused"),
    ],
)
def test_every_failure_is_of_a_kind(error: BotoCoreError | ClientError, kind: str) -> None:
    assert failure_of(error).kind == kind


def test_the_missing_permission_is_the_one_that_aws_names_else_that_of_the_call() -> None:
    named = refused(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: y")
    assert failure_of(named, action="s3:GetObject").action == "sts:AssumeRole"
    assert failure_of(refused(403, "AccessDenied"), action="s3:GetObject") == Failure(
        kind="denied",
        text="An error occurred (AccessDenied) when calling the GetObject operation: no"
        " (missing permission: s3:GetObject)",
        action="s3:GetObject",
    )
