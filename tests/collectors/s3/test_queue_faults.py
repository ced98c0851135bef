"""Reading what a queue announces while S3 or the queue fails: moto's SQS, and an S3 that fails as it is told."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.collectors.s3.collecting import Collecting, Stop, client_at, source_at
from tests.collectors.s3.messages import direct, record
from tests.collectors.scripted_s3 import Break, Refuse, ScriptedS3, scripted_s3
from tracehub.model.source import Access

SLOW_DOWN = Refuse(503, "SlowDown")
DENIED = Refuse(403, "AccessDenied")


class Queued:
    """Objects in the scripted S3, and a queue that announces them."""

    def __init__(self, s3: ScriptedS3, moto_address: str) -> None:
        self.s3 = s3
        self._moto = moto_address
        self._sqs = client_at(moto_address, "sqs")
        self._url = self._sqs.create_queue(QueueName=f"faulty-{uuid4().hex}")["QueueUrl"]

    def announce(self, key: str, **told: Any) -> None:
        self.s3.objects[key] = key.encode()
        message = direct(record("traces", key, **{"eTag": self.s3.etag(key).strip('"'), **told}))
        self._sqs.send_message(QueueUrl=self._url, MessageBody=message)

    def deliver_often(self) -> None:
        """All messages were delivered often before, in vain."""
        for _ in range(6):
            self._sqs.receive_message(QueueUrl=self._url, VisibilityTimeout=0, MaxNumberOfMessages=10)

    def collecting(self, **options: Any) -> Collecting:
        """Reads the queue from moto and the objects from the scripted S3; what failed comes again at once."""
        source = source_at(self._moto, "traces", queue_url=self._url)
        return Collecting(source, make_client=self._client, poll_seconds=0, visibility_seconds=0, **options)

    def _client(self, access: Access, service: str) -> Any:
        return client_at(self._moto if service == "sqs" else self.s3.address, service)

    def messages(self) -> int:
        counts = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(counts["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def queued(moto_address: str) -> Iterator[Queued]:
    with scripted_s3() as s3:
        yield Queued(s3, moto_address)


@pytest.mark.parametrize("fault", [SLOW_DOWN, Refuse(500, "InternalError"), Break(0)])
def test_what_may_pass_leaves_the_message_however_often_it_came(queued: Queued, fault: Refuse | Break) -> None:
    queued.announce("a")
    queued.deliver_often()
    queued.s3.always = {"a": fault}
    collecting = queued.collecting()
    for _ in range(6):
        assert collecting.collector.receive_once().done == ()
    assert (collecting.objects.failures, collecting.objects.given_up) == ({}, {})
    assert {status.state for status in collecting.told} == {"waiting"}
    queued.s3.always = {}
    assert len(collecting.collector.receive_once().done) == 1
    assert collecting.objects.contents == {"a": [b"a"]}
    assert queued.messages() == 0


def test_while_s3_is_slow_the_queue_is_taken_from_ever_more_slowly(queued: Queued) -> None:
    for key in ("a", "b", "c"):
        queued.announce(key)
    queued.s3.readings.extend([SLOW_DOWN] * 4)
    collecting = queued.collecting(stop=Stop(most=4))
    collecting.collector.receive_forever()
    assert collecting.stop.waits == [1, 2, 4, 8]


@pytest.mark.parametrize("fault", [DENIED, Refuse(403, "ExpiredToken"), Refuse(404, "NoSuchBucket")])
def test_a_bucket_that_cannot_be_read_gives_nothing_up_and_is_tried_each_half_minute(
    queued: Queued, fault: Refuse
) -> None:
    for key in ("a", "b"):
        queued.announce(key)
    queued.deliver_often()
    queued.s3.always = {"a": fault, "b": fault}
    collecting = queued.collecting(stop=Stop(most=6))
    collecting.collector.receive_forever()
    assert collecting.stop.waits == [30] * 6
    assert (collecting.objects.failures, collecting.objects.given_up, collecting.objects.gone) == ({}, {}, [])
    assert collecting.told[-1].state == "failing"
    assert fault.code in str(collecting.told[-1].error)
    assert queued.messages() == 2


def test_an_object_that_is_denied_while_others_are_read_is_given_up(queued: Queued) -> None:
    queued.announce("a")
    queued.s3.always = {"a": DENIED}
    collecting = queued.collecting()
    for number in range(6):
        queued.announce(f"b{number}")
        collecting.collector.receive_once()
    assert [version.key for version in collecting.objects.given_up] == ["a"]
    assert len(collecting.objects.contents) == 6
    assert queued.messages() == 0


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Refuse(400, "InvalidArgument", "Invalid version id specified"), {"versionId": "no-such-thing"}),
        (Refuse(403, "InvalidObjectState"), {}),
    ],
)
def test_what_can_never_be_read_is_given_up_at_once(queued: Queued, fault: Refuse, told: dict[str, str]) -> None:
    queued.announce("a", **told)
    queued.s3.always = {"a": fault}
    collecting = queued.collecting()
    assert len(collecting.collector.receive_once().done) == 1
    assert [version.key for version in collecting.objects.given_up] == ["a"]
    assert queued.messages() == 0


def test_the_status_keeps_an_unsettled_failure_while_its_message_is_hidden(queued: Queued) -> None:
    queued.announce("a")
    queued.s3.always = {"a": DENIED}
    collecting = queued.collecting()
    collecting.collector.receive_once()
    queued.announce("b")
    collecting.collector.receive_once()
    assert {status.state for status in collecting.told} == {"failing"}
    queued.s3.always = {}
    collecting.collector.receive_once()
    collecting.collector.receive_once()
    assert collecting.told[-1].state == "following"
    assert collecting.told[-1].error is None


def test_a_queue_that_does_not_answer_is_waited_for_longer_each_time() -> None:
    source = source_at("http://127.0.0.1:9", "traces", queue_url="http://127.0.0.1:9/1/q")
    collecting = Collecting(source, stop=Stop(most=8))
    collecting.collector.receive_forever()
    assert collecting.stop.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [status.state for status in collecting.told] == ["waiting"]
