"""Finds out as whom a source is read: its credentials, and the role that is assumed with them."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from botocore.session import Session

from tracehub.collectors.arns import UNKNOWN, plain_region_of_queue
from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.collectors.probes.asking import Question, Trouble, said_by, trouble_of
from tracehub.collectors.probes.clients import SESSION_NAME, quick_client, session_of
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.model.source import Access, S3Source, Source

# STS answers in every region who asks; it is asked here where nothing names a region, as S3 does.
_DEFAULT_REGION = "us-east-1"
_FOUND_IN = {
    "env": "environment variables",
    "shared-credentials-file": "the credentials file",
    "custom-process": "a credential process",
    "iam-role": "the instance's role",
    "container-role": "the container's role",
    "sso": "AWS SSO",
    "assume-role": "a role in the AWS configuration file",
    "assume-role-with-web-identity": "a web identity",
}
_NO_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in the source, or run tracehub where a role is "
    "attached (EC2, ECS, EKS, Lambda)"
)


class Reached(msgspec.Struct, frozen=True):
    """A way into AWS. `account` is that of the credentials, `region` None where none is named."""

    session: Session
    access: Access
    account: str | None
    region: str | None

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the service, in `region` or the source's."""
        return quick_client(self.session, self.access, service, region)


class Identified(msgspec.Struct, frozen=True):
    """What was found; `reached` is None where nothing further can be asked.

    `ahead` is how far this machine's clock is ahead of AWS's in microseconds, None where AWS told no time.
    """

    findings: tuple[Finding, ...]
    reached: Reached | None
    ahead: int | None


def region_of(access: Access) -> str | None:
    """The region in which a source is read: its own, else that of the profile or the environment."""
    try:
        region: str | None = session_of(access).get_config_variable("region")
    except AWS_ERRORS:
        return access.region
    return region


def identify(source: Source, clock: Callable[[], int]) -> Identified:
    """As whom the source is read. Never raises what boto3 raises."""
    try:
        region = region_of(source)
        if region is None and _needs_region(source):
            return _lost(
                problem(
                    "no region is named",
                    'write region = "eu-central-1" or the like in the source, or set AWS_DEFAULT_REGION',
                )
            )
        session = session_of(source)
        credentials = session.get_credentials()
        if credentials is None:
            return _lost(problem("no AWS credentials were found", _NO_CREDENTIALS))
        credentials.get_frozen_credentials()
    except AWS_ERRORS as error:
        return _lost(problem(f"the AWS credentials cannot be read: {said_by(error)}", _remedy_of_reading(source)))
    method = str(credentials.method)
    return _Asking(source, session, region, clock).identify(_FOUND_IN.get(method, method))


def _remedy_of_reading(source: Source) -> str:
    if source.profile:
        return f"check the profile {source.profile!r} in ~/.aws/config and ~/.aws/credentials, or `aws sso login`"
    return "check ~/.aws/config, ~/.aws/credentials and the AWS_ variables, or `aws sso login`"


class _Asking:
    """STS, asked for one source."""

    def __init__(self, source: Source, session: Session, region: str | None, clock: Callable[[], int]) -> None:
        self._source = source
        self._session = session
        self._region = region
        self._clock = clock
        self._ahead: int | None = None

    def identify(self, found_in: str) -> Identified:
        who = self._caller(self._session)
        if isinstance(who, Trouble):
            if self._source.role_arn or who.kind == "credentials" or self._is_silent(who):
                return self._end(who.finding, None)
            remedy = (
                "if STS cannot be reached from here, nothing needs doing; what the credentials may do is tried below"
            )
            what = f"credentials from {found_in}; whose is not known: {who.finding.what.partition(': ')[2]}"
            return self._end(warning(what, remedy), self._reached(self._session, None))
        if self._source.role_arn is None:
            return self._end(ok(f"credentials of {who['Arn']}, from {found_in}"), self._reached(self._session, who))
        return self._with_role(self._source.role_arn, who, found_in)

    def _with_role(self, role: str, who: Mapping[str, Any], found_in: str) -> Identified:
        question = Question(
            action="sts:AssumeRole",
            resource=role,
            subject=f"the role {role}",
            role=None,
            missing="check role_arn in the source",
        )
        asked = {"RoleArn": role, "RoleSessionName": SESSION_NAME}
        if self._source.external_id:
            asked["ExternalId"] = self._source.external_id
        answer = self._ask(question, self._session, lambda sts: sts.assume_role(**asked))
        if isinstance(answer, Trouble):
            finding = (
                self._of_denied_role(answer.finding, str(who["Arn"])) if answer.kind == "denied" else answer.finding
            )
            return self._end(finding, None)
        session = session_of(self._source)
        given = answer["Credentials"]
        session.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        assumed = self._caller(session)
        if isinstance(assumed, Trouble):
            return self._end(assumed.finding, None)
        found = ok(f"credentials of {assumed['Arn']}, assumed by {who['Arn']}, from {found_in}")
        return self._end(found, self._reached(session, assumed))

    def _of_denied_role(self, finding: Finding, caller: str) -> Finding:
        hint = (
            "check that external_id is the one that its trust policy asks for"
            if self._source.external_id
            else "if its trust policy asks for an external id, write external_id in the source"
        )
        remedy = f"allow {caller} to sts:AssumeRole on it, and name that one in the role's trust policy; {hint}"
        return msgspec.structs.replace(finding, remedy=remedy)

    def _caller(self, session: Session) -> Mapping[str, Any] | Trouble:
        question = Question(
            action="sts:GetCallerIdentity",
            resource=UNKNOWN,
            subject="credentials",
            role=None,
            missing="check endpoint_url in the source",
        )
        return self._ask(question, session, lambda sts: sts.get_caller_identity())

    def _ask(
        self, question: Question, session: Session, call: Callable[[Any], Mapping[str, Any]]
    ) -> Mapping[str, Any] | Trouble:
        began = self._clock()
        try:
            answer = call(quick_client(session, self._source, "sts", self._region or _DEFAULT_REGION))
        except AWS_ERRORS as error:
            if isinstance(error, ClientError):
                self._note_time(error.response, began)
            return trouble_of(question, error)
        self._note_time(answer, began)
        # A stand-in that knows no STS may answer with anything.
        return answer if "Arn" in answer or "Credentials" in answer else _strange(question)

    def _note_time(self, answer: Mapping[str, Any], began: int) -> None:
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            # Told in whole seconds, cut off: half a second more is the best guess.
            theirs = int(parsedate_to_datetime(told).timestamp() * 1_000_000) + 500_000
        except (TypeError, ValueError):
            return
        self._ahead = (began + self._clock()) // 2 - theirs

    def _is_silent(self, trouble: Trouble) -> bool:
        """Whether the one endpoint for all services does not answer."""
        return self._source.endpoint_url is not None and trouble.is_silence

    def _reached(self, session: Session, who: Mapping[str, Any] | None) -> Reached:
        return Reached(session, self._source, str(who["Account"]) if who else None, self._region)

    def _end(self, finding: Finding, reached: Reached | None) -> Identified:
        return Identified((finding,), reached, self._ahead)


def _needs_region(source: Source) -> bool:
    """S3 finds a bucket's region by itself, and a queue's address tells it."""
    if not isinstance(source, S3Source):
        return True
    return source.queue_url is not None and plain_region_of_queue(source.queue_url) is None


def _lost(finding: Finding) -> Identified:
    return Identified((finding,), None, None)


def _strange(question: Question) -> Trouble:
    return Trouble(problem(f"{question.subject}: STS gave an answer without a name", question.missing), "refused", "")
