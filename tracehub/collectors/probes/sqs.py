"""Tries what taking messages from a queue needs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from tracehub.collectors import arns
from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.collectors.probes.asking import Question, Trouble, ask, said_by
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.collectors.probes.identity import Reached

_ATTRIBUTES = ["ApproximateNumberOfMessages", "RedrivePolicy", "VisibilityTimeout"]
_LEAST_VISIBILITY_SECONDS = 60
# Each receipt counts: with fewer allowed, trying could send a message to the dead letters.
_LEAST_RECEIPTS = 3
# No message has it. AWS says so only to those who are allowed to ask.
_NO_RECEIPT = "tracehub-doctor"
_UNKNOWN_RECEIPT = (
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
)


def probe_queue(url: str, reached: Reached) -> Iterator[Finding]:
    """Receives one message at most, which stays visible, and deletes none."""
    region = reached.access.region or arns.plain_region_of_queue(url) or reached.region
    try:
        client = reached.client("sqs", region)
    except AWS_ERRORS as error:
        yield problem(f"AWS cannot be asked: {said_by(error)}", "check region and endpoint_url in the source")
        return
    yield from _Probe(url, region, reached.access.role_arn, client).run()


class _Redrive(msgspec.Struct, rename="camel"):
    max_receive_count: int | None = None


def _receipts_allowed(policy: str) -> int | None:
    """How often a message may be received; None where the policy does not say."""
    try:
        return msgspec.json.decode(policy, type=_Redrive, strict=False).max_receive_count
    except msgspec.DecodeError:
        return None


class _Probe:
    """One queue's calls."""

    def __init__(self, url: str, region: str | None, role: str | None, client: Any) -> None:
        self._url = url
        self._role = role
        self._client = client
        self._arn = arns.queue_arn(url, region)
        self._subject = f"queue {self._arn.rpartition(':')[2]}"
        self._missing = f"check queue_url in the source, which reads in {region}"
        named = arns.region_of_queue(url)
        if named is not None and named != region:
            self._missing = f"queue_url is of {named}, but the source reads in {region}: mend region or queue_url"

    def run(self) -> Iterator[Finding]:
        described = self._ask(
            "sqs:GetQueueAttributes",
            lambda: self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=_ATTRIBUTES),
        )
        if isinstance(described, Trouble):
            yield described.finding
            if described.concerns_all or described.kind == "missing":
                return
            attributes: Mapping[str, str] = {}
        else:
            attributes = described.get("Attributes", {})
            yield ok(f"{self._subject} can be described")
            yield from self._judge(attributes)
        for attempt in (self._receive, self._hide, self._delete):
            answer = attempt(attributes)
            yield answer.finding if isinstance(answer, Trouble) else answer
            if isinstance(answer, Trouble) and answer.concerns_all:
                return

    def _judge(self, attributes: Mapping[str, str]) -> Iterator[Finding]:
        if "RedrivePolicy" not in attributes:
            yield warning(
                f"{self._subject} has no redrive policy: what can never be read comes again until it is too old",
                "give it a dead letter queue, with maxReceiveCount 5 or more",
            )
        seconds = int(attributes.get("VisibilityTimeout", _LEAST_VISIBILITY_SECONDS))
        if seconds < _LEAST_VISIBILITY_SECONDS:
            yield warning(
                f"{self._subject} hides messages for {seconds} s by default: what another reader takes, or a person in "
                "the console, comes again while it is still being read",
                f"set its visibility timeout to {_LEAST_VISIBILITY_SECONDS} s or more; tracehub asks for that itself",
            )

    def _receive(self, attributes: Mapping[str, str]) -> Finding | Trouble:
        most = _receipts_allowed(attributes.get("RedrivePolicy", "{}"))
        if most is not None and most < _LEAST_RECEIPTS and attributes.get("ApproximateNumberOfMessages") != "0":
            return warning(
                f"{self._subject}: sqs:ReceiveMessage was not tried, for messages wait, and the redrive policy moves "
                f"them away after {most}",
                "set maxReceiveCount to 5 or more: a short outage should not cost a message",
            )
        answer = self._ask(
            "sqs:ReceiveMessage",
            lambda: self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=1, VisibilityTimeout=0, WaitTimeSeconds=0
            ),
        )
        return answer if isinstance(answer, Trouble) else ok(f"{self._subject}: messages can be received")

    def _hide(self, _: Mapping[str, str]) -> Finding | Trouble:
        answer = self._ask(
            "sqs:ChangeMessageVisibility",
            lambda: self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=_NO_RECEIPT, VisibilityTimeout=0
            ),
        )
        return self._allowed(answer, "kept hidden while they are read")

    def _delete(self, _: Mapping[str, str]) -> Finding | Trouble:
        answer = self._ask(
            "sqs:DeleteMessage",
            lambda: self._client.delete_message(QueueUrl=self._url, ReceiptHandle=_NO_RECEIPT),
        )
        return self._allowed(answer, "deleted once they are read")

    def _allowed(self, answer: Mapping[str, Any] | Trouble, done: str) -> Finding | Trouble:
        if isinstance(answer, Trouble) and answer.code not in _UNKNOWN_RECEIPT:
            return answer
        return ok(f"{self._subject}: messages can be {done}")

    def _ask(self, action: str, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | Trouble:
        question = Question(
            action=action, resource=self._arn, subject=self._subject, role=self._role, missing=self._missing
        )
        return ask(question, call)
