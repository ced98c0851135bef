"""Makes one harmless call of AWS, and says what its failure means and what to do."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, InvalidEndpointConfigurationError

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of
from tracehub.collectors.probes.finding import Finding, problem, warning

_SILENT = (ConnectionError, HTTPClientError, InvalidEndpointConfigurationError)
_RESOURCE = re.compile(r'on resource:? "?(arn:[^\s"]+)')
_KMS = re.compile(r"kms", re.IGNORECASE)
_SKEWED = ("RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A call's IAM `action` on `resource`, an ARN, made as `role` where one is assumed.

    `subject` begins the sentence about its failure.

    `missing` is what to do where AWS does not know the resource. `optional`: tracehub works without it, and why it is
    wanted.
    """

    action: str
    resource: str
    subject: str
    role: str | None
    missing: str
    optional: str | None = None


class Trouble(msgspec.Struct, frozen=True):
    """Why there is no answer. `kind` is that of a Failure, `code` AWS's own.

    `is_silence`: nobody can be asked at the endpoint.
    """

    finding: Finding
    kind: str
    code: str
    is_silence: bool = False

    @property
    def concerns_all(self) -> bool:
        """Whether further calls would fail alike."""
        return self.kind in ("credentials", "unreachable")


def ask(question: Question, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | Trouble:
    """What AWS answers."""
    try:
        return call()
    except AWS_ERRORS as error:
        return trouble_of(question, error)


def trouble_of(question: Question, error: Exception) -> Trouble:
    """What the failure of a call means."""
    assert isinstance(error, AWS_ERRORS)
    failure = failure_of(error, action=question.action)
    code = code_of(error)
    finding = _finding(question, failure, code, said_by(error))
    if question.optional and finding.level == "problem" and failure.kind not in ("credentials", "unreachable"):
        finding = msgspec.structs.replace(finding, level="warning", what=f"{finding.what}; {question.optional}")
    return Trouble(finding, failure.kind, code, isinstance(error, _SILENT))


def code_of(error: Exception) -> str:
    """AWS's word for the error; empty where it is none of AWS's."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def said_by(error: Exception) -> str:
    """AWS's own sentence with its code, else the library's."""
    if not isinstance(error, ClientError):
        return str(error).rstrip(".")
    message = str(error.response.get("Error", {}).get("Message") or "no reason given").strip().rstrip(".")
    return f"{message} ({code_of(error)})"


def _finding(question: Question, failure: Failure, code: str, said: str) -> Finding:
    subject = question.subject
    if _KMS.match(code) or (failure.action or "").startswith("kms:") or ".Kms" in code:
        return _of_key(question, failure, code, said)
    match failure.kind:
        case "denied":
            return _denied(question, said)
        case "missing":
            return problem(f"{subject}: {said}", question.missing)
        case "credentials":
            return problem(f"{subject}: AWS does not accept the credentials: {said}", _renewal(code))
        case "throttled":
            return warning(f"{subject}: AWS asks for fewer requests: {said}", "run it again in a few minutes")
        case "unreachable":
            return problem(
                f"{subject}: AWS does not answer: {said}", "check the network, HTTPS_PROXY, the region and endpoint_url"
            )
        case _:
            return problem(f"{subject}: {said}", "mend what the message names in the source's declaration")


def _denied(question: Question, said: str) -> Finding:
    if "explicit deny" in said:
        remedy = f"a policy denies it explicitly, so allowing is not enough: {said}"
    else:
        remedy = f"allow {question.action} on {question.resource}; {_policy(question)}"
    return _lacks(f"{question.subject}: {question.action} is denied", remedy, question.action, question.resource)


def _of_key(question: Question, failure: Failure, code: str, said: str) -> Finding:
    named = _RESOURCE.search(said)
    key = named.group(1) if named else None
    if failure.kind == "denied" or "AccessDenied" in code:
        remedy = (
            f"allow kms:Decrypt on {key or 'its key'}, in the key's policy too where it is another account's; "
            f"{_policy(question, ' --kms-key ' + (key or 'ARN'))}"
        )
        return _lacks(f"{question.subject}: the KMS key that encrypts it may not be used", remedy, "kms:Decrypt", key)
    return problem(f"{question.subject}: its KMS key cannot be used: {said}", "enable the key, or restore it")


def _policy(question: Question, more: str = "") -> str:
    role = f" --role {question.role}" if question.role else ""
    return f"`tracehub doctor --policy{role}{more}` prints all that is needed"


def _lacks(what: str, remedy: str, action: str, resource: str | None) -> Finding:
    return Finding(level="problem", what=what, remedy=remedy, action=action, resource=resource)


def _renewal(code: str) -> str:
    if code in _EXPIRED:
        return "renew them: `aws sso login`, or a new session token"
    if code in _SKEWED:
        return "set this machine's clock: AWS accepts 5 minutes at most"
    return "check the access key, its secret and its session token, and this machine's clock"
