"""Says no in the words and the shape that AWS uses, so that every SDK raises the exception it would raise there."""

import json

from tracehub.errors import PermanentError


class RefusedError(PermanentError):
    """The call is not passed on. `code` and `status` are AWS's; the message may be shown to the caller."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer(error: RefusedError, request_id: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The status, headers and body of the refusal, as services of AWS that speak REST and JSON give it."""
    body = json.dumps({"message": error.message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-amzn-requestid", request_id.encode("ascii", "replace")),
        (b"x-amzn-errortype", error.code.encode()),
    ]
    return error.status, headers, body


def missing_token() -> RefusedError:
    """Nothing in the request says who calls."""
    return RefusedError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")


def incomplete(message: str) -> RefusedError:
    """The Authorization header cannot be read."""
    return RefusedError(403, "IncompleteSignatureException", message)


def unrecognized() -> RefusedError:
    """The key is unknown, revoked or expired: AWS does not say which."""
    return RefusedError(403, "UnrecognizedClientException", "The security token included in the request is invalid.")


def invalid(message: str) -> RefusedError:
    """The signature is of another request, of another time or by another secret."""
    return RefusedError(403, "InvalidSignatureException", message)


def mismatch() -> RefusedError:
    """The signature is not the one that follows from the request."""
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


def denied(message: str) -> RefusedError:
    """The caller is known and may not do this."""
    return RefusedError(403, "AccessDeniedException", message)


def throttled() -> RefusedError:
    """The caller asks more often than its key allows."""
    return RefusedError(429, "ThrottlingException", "Rate exceeded")
