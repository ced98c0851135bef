"""Tells what an AWS call's failure means: wait and try again, or a person has to change something."""

import re

import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    InvalidConfigError,
    LoginError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
from botocore.parsers import ResponseParserError

# What a call of boto3 raises. An answer that is not AWS's at all, such as a proxy's page, is no BotoCoreError.
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)

_UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError)
_NO_CREDENTIALS = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    LoginError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
# boto3's own retries are off, so that it says so of every failure tells nobody anything.
_NO_NEWS = " (reached max retries: 0)"
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "LimitExceededException",
    "SlowDown",
    "ProvisionedThroughputExceededException",
    "KMS.ThrottlingException",
}
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "AuthFailure",
    "RequestTimeTooSkewed",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthorizationError",
    "KMS.AccessDeniedException",
}
_MISSING = {
    "ResourceNotFoundException",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchVersion",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "404",
}
_ACTION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is one of throttled, credentials, denied, missing, unreachable, refused. `text` is for a person.

    `action` is the IAM action that is missing, where `kind` is denied and it is known.
    """

    kind: str
    text: str
    action: str | None = None

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed later without anybody changing anything."""
        return self.kind in ("throttled", "unreachable")


def failure_of(error: BotoCoreError | ClientError | ResponseParserError, *, action: str | None = None) -> Failure:
    """What `error` means. `action` is the IAM action of the call that was made, such as `logs:FilterLogEvents`."""
    text = str(error).replace(_NO_NEWS, "")
    if isinstance(error, _NO_CREDENTIALS):
        return Failure(kind="credentials", text=text)
    if isinstance(error, _UNREACHABLE):
        return Failure(kind="unreachable", text=text)
    if not isinstance(error, ClientError):
        return Failure(kind="refused", text=text)
    answer = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED or status == 429:
        return Failure(kind="throttled", text=text)
    if code in _EXPIRED:
        return Failure(kind="credentials", text=text)
    if code in _DENIED or status == 403:
        named = _ACTION.search(text)
        missing = named.group(1) if named else action
        return Failure(
            kind="denied", text=f"{text} (missing permission: {missing})" if missing else text, action=missing
        )
    if code in _MISSING:
        return Failure(kind="missing", text=text)
    if status >= 500 or code in ("InternalError", "ServiceUnavailable", "RequestTimeout", "InternalFailure"):
        return Failure(kind="unreachable", text=text)
    return Failure(kind="refused", text=text)
