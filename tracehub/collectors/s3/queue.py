"""Reads the objects that the messages of an SQS queue announce."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of
from tracehub.collectors.s3.attempts import AT_LARGE, MOST_FAILURES, Attempts
from tracehub.collectors.s3.heartbeat import Heartbeat
from tracehub.collectors.s3.notifications import Announced, objects_in
from tracehub.collectors.s3.objects import Objects
from tracehub.collectors.s3.reading import StoppedError
from tracehub.collectors.s3.selection import Selection
from tracehub.errors import UndecodableError

# All are kept hidden while one after the other is read, so a few save requests and cannot expire.
_MESSAGES = 5
# SQS allows 20; shorter, so that a collector that is told to stop need not be waited for.
POLL_SECONDS = 5
VISIBILITY_SECONDS = 60
RENEW_SECONDS = 20.0


class Message(msgspec.Struct, frozen=True):
    """One message as it was delivered; `deliveries` counts this one too."""

    id: str
    receipt: str
    body: str
    deliveries: int


class Received(msgspec.Struct, frozen=True):
    """What one poll brought, by message ids: those that are done, and why others are not. `failure`: the poll's own."""

    done: tuple[str, ...] = ()
    failed: Mapping[str, Failure] = {}
    failure: Failure | None = None


class Queue:
    """One source's queue. A message is deleted once all its objects are settled, and not before."""

    def __init__(
        self,
        client: Callable[[], Any],
        url: str,
        selection: Selection,
        objects: Objects,
        attempts: Attempts,
        stop: threading.Event,
        *,
        poll_seconds: int = POLL_SECONDS,
        visibility_seconds: int = VISIBILITY_SECONDS,
        renew_seconds: float = RENEW_SECONDS,
    ) -> None:
        self._client = client
        self._url = url
        self._selection = selection
        self._objects = objects
        self._attempts = attempts
        self._stop = stop
        self._poll_seconds = poll_seconds
        self._visibility_seconds = visibility_seconds
        self._renew_seconds = renew_seconds

    def receive(self) -> Received:
        """Takes a few messages, after waiting for them, and reads what they announce. What `objects` raises passes."""
        try:
            client = self._client()
            messages = self._messages(client)
        except AWS_ERRORS as error:
            return Received(failure=failure_of(error, action="sqs:ReceiveMessage"))
        if not messages:
            return Received()
        receipts = [message.receipt for message in messages]
        heartbeat = Heartbeat(
            client,
            self._url,
            receipts,
            visibility_seconds=self._visibility_seconds,
            renew_seconds=self._renew_seconds,
        )
        with heartbeat:
            done, failed = self._handle_all(client, messages, heartbeat)
        return Received(tuple(done), failed, heartbeat.failure)

    def count(self) -> int | None:
        """How many messages wait, roughly; None where asking is not allowed or fails."""
        try:
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        except AWS_ERRORS:
            return None
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def _messages(self, client: Any) -> list[Message]:
        answer = client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_MESSAGES,
            WaitTimeSeconds=self._poll_seconds,
            VisibilityTimeout=self._visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                id=told["MessageId"],
                receipt=told["ReceiptHandle"],
                body=told["Body"],
                deliveries=int(told.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for told in answer.get("Messages", ())
        ]

    def _handle_all(
        self, client: Any, messages: list[Message], heartbeat: Heartbeat
    ) -> tuple[list[str], dict[str, Failure]]:
        done: list[str] = []
        failed: dict[str, Failure] = {}
        for message in messages:
            try:
                failure = self._handle(client, message)
            except StoppedError:
                break
            heartbeat.let_go(message.receipt)
            if failure is None:
                done.append(message.id)
            else:
                failed[message.id] = failure
            if self._stop.is_set() or (failure is not None and failure.kind in AT_LARGE):
                break
        heartbeat.hand_back()
        return done, failed

    def _handle(self, client: Any, message: Message) -> Failure | None:
        """Deletes the message when all its objects are settled; else tells why one is not."""
        last = message.deliveries >= MOST_FAILURES
        failure: Failure | None = None
        for announced in self._announced(message.body):
            failed = self._attempts.settle(announced.object, announced.version_id, last=last)
            if failed is not None and failed.kind in AT_LARGE:
                return failed
            failure = failure or failed
        return failure or self._delete(client, message)

    def _announced(self, body: str) -> list[Announced]:
        try:
            found = objects_in(body).objects
        except UndecodableError as error:
            self._set_aside(body, str(error))
            return []
        others = sorted({one.object.bucket for one in found if not self._selection.is_of(one.object.bucket)})
        if others:
            # A message may name any bucket: whoever can write to the queue must not choose what is read.
            self._set_aside(
                body, f"the message is about {others[0]!r}, but this source reads {self._selection.bucket!r}"
            )
        return [one for one in map(self._ours, found) if one is not None]

    def _ours(self, announced: Announced) -> Announced | None:
        """It, under the name that the source has for the bucket; None where it is not to be read."""
        if not self._selection.is_of(announced.object.bucket):
            return None
        ours = msgspec.structs.replace(announced.object, bucket=self._selection.bucket)
        return Announced(ours, announced.version_id) if self._selection.wants(ours) else None

    def _set_aside(self, body: str, reason: str) -> None:
        self._objects.set_aside(body.encode(errors="backslashreplace"), reason)

    def _delete(self, client: Any, message: Message) -> Failure | None:
        try:
            client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)
        except AWS_ERRORS as error:
            return failure_of(error, action="sqs:DeleteMessage")
        return None
