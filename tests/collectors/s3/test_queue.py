"""Reading what a queue announces, against moto's SQS, SNS and EventBridge."""

import json
import threading
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest

from tests.collectors.s3.collecting import Collecting, Stop, client_at, source_at
from tests.collectors.s3.messages import TEST_EVENT, direct, event_bridge, record, through_sns
from tracehub.collectors.access import client
from tracehub.collectors.status import Status
from tracehub.errors import StoreUnavailableError

ODD = "a b+c%2F ü/😀"


class Place:
    """A bucket and a queue of this test's own."""

    def __init__(self, address: str) -> None:
        name = f"queued-{uuid4().hex}"
        self.address = address
        self.bucket = name
        self.s3 = client_at(address, "s3")
        self.sqs = client_at(address, "sqs")
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:eu-central-1:123456789012:{name}"

    def collecting(self, **options: Any) -> Collecting:
        declared = {name: options.pop(name) for name in ("prefix", "since") if name in options}
        source = source_at(self.address, self.bucket, queue_url=self.url, **declared)
        return Collecting(source, **{"poll_seconds": 0, **options})

    def put(self, key: str, body: bytes) -> str:
        etag: str = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"].strip('"')
        return etag

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def messages(self) -> int:
        """All messages of the queue, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())


@pytest.fixture
def place(moto_address: str) -> Place:
    return Place(moto_address)


def test_what_s3_tells_the_queue_is_read(place: Place) -> None:
    configuration = {"QueueConfigurations": [{"QueueArn": place.arn, "Events": ["s3:ObjectCreated:*"]}]}
    place.s3.put_bucket_notification_configuration(Bucket=place.bucket, NotificationConfiguration=configuration)
    place.put(ODD, b"odd")
    place.put("plain", b"plain")
    collecting = place.collecting()
    while collecting.collector.receive_once().done:
        pass
    assert collecting.objects.contents == {ODD: [b"odd"], "plain": [b"plain"]}
    assert collecting.objects.quarantine == []
    assert place.messages() == 0


def test_what_comes_through_sns_is_read(place: Place) -> None:
    sns = client_at(place.address, "sns")
    topic = sns.create_topic(Name=place.bucket)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=place.arn)
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    place.s3.put_bucket_notification_configuration(Bucket=place.bucket, NotificationConfiguration=configuration)
    place.put(ODD, b"odd")
    collecting = place.collecting()
    while collecting.collector.receive_once().done:
        pass
    assert (collecting.objects.contents, collecting.objects.quarantine) == ({ODD: [b"odd"]}, [])
    assert place.messages() == 0


def test_what_comes_from_event_bridge_is_read(place: Place) -> None:
    events = client_at(place.address, "events")
    events.put_rule(Name=place.bucket, EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule=place.bucket, Targets=[{"Id": "1", "Arn": place.arn}])
    place.s3.put_bucket_notification_configuration(
        Bucket=place.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    place.put(ODD, b"odd")
    collecting = place.collecting()
    while collecting.collector.receive_once().done:
        pass
    events.remove_targets(Rule=place.bucket, Ids=["1"])
    assert (collecting.objects.contents, collecting.objects.quarantine) == ({ODD: [b"odd"]}, [])
    assert place.messages() == 0


def test_the_test_event_and_other_events_are_deleted(place: Place) -> None:
    for body in (TEST_EVENT, direct(), direct(record(place.bucket, "a", name="ObjectRemoved:Delete"))):
        place.send(body)
    collecting = place.collecting()
    assert len(collecting.collector.receive_once().done) == 3
    assert place.messages() == 0
    assert collecting.objects.quarantine == []


def test_a_version_that_was_overwritten_is_still_read(place: Place) -> None:
    place.s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        put = place.s3.put_object(Bucket=place.bucket, Key="a", Body=body)
        place.send(direct(record(place.bucket, "a", eTag=put["ETag"].strip('"'), versionId=put["VersionId"])))
    collecting = place.collecting()
    assert len(collecting.collector.receive_once().done) == 2
    assert collecting.objects.contents == {"a": [b"one", b"two"]}


def test_listing_does_not_read_again_what_the_queue_announced_by_version(place: Place) -> None:
    place.s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    put = place.s3.put_object(Bucket=place.bucket, Key="a", Body=b"one")
    place.send(direct(record(place.bucket, "a", eTag=put["ETag"].strip('"'), versionId=put["VersionId"])))
    collecting = place.collecting()
    collecting.collector.receive_once()
    assert collecting.collector.list_once()
    place.send(event_bridge(place.bucket, "a", etag=put["ETag"].strip('"'), **{"version-id": put["VersionId"]}))
    collecting.collector.receive_once()
    assert collecting.objects.contents == {"a": [b"one"]}


def test_without_versions_what_was_overwritten_or_deleted_is_superseded(place: Place) -> None:
    old = place.put("a", b"old")
    place.put("a", b"new")
    gone = place.put("b", b"gone")
    place.s3.delete_object(Bucket=place.bucket, Key="b")
    place.send(direct(record(place.bucket, "a", eTag=old), record(place.bucket, "b", eTag=gone)))
    collecting = place.collecting()
    assert len(collecting.collector.receive_once().done) == 1
    assert [(version.key, version.version) for version in collecting.objects.gone] == [("a", old), ("b", gone)]
    assert place.messages() == 0


def test_a_message_that_cannot_be_understood_is_set_aside_and_deleted(place: Place) -> None:
    place.send("poison ü")
    place.send(direct(record(place.bucket, "a", eTag=place.put("a", b"a"))))
    collecting = place.collecting()
    assert len(collecting.collector.receive_once().done) == 2
    assert [data for data, _ in collecting.objects.quarantine] == ["poison ü".encode()]
    assert "is not JSON" in collecting.objects.quarantine[0][1]
    assert collecting.objects.contents == {"a": [b"a"]}
    assert place.messages() == 0


def test_no_message_makes_the_collector_read_another_bucket(place: Place, moto_address: str) -> None:
    other = Place(moto_address)
    body = through_sns(direct(record(other.bucket, "a", eTag=other.put("a", b"secret"))))
    place.send(body)
    collecting = place.collecting()
    assert len(collecting.collector.receive_once().done) == 1
    assert collecting.objects.contents == {}
    assert [data for data, _ in collecting.objects.quarantine] == [body.encode()]
    assert repr(other.bucket) in collecting.objects.quarantine[0][1]


def test_what_the_source_leaves_out_is_left_out(place: Place) -> None:
    for key in ("out/a", "in/folder/", "in/aws-logs-write-test", "in/a"):
        place.send(direct(record(place.bucket, key, eTag=place.put(key, key.encode()))))
    place.send(direct(record(place.bucket, "in/empty", eTag=place.put("in/empty", b""), size=0)))
    collecting = place.collecting(prefix="in/", since="2020-01-01")
    assert len(collecting.collector.receive_once().done) == 5
    assert collecting.objects.contents == {"in/a": [b"in/a"]}
    late = place.collecting(since="2027-01-01")
    place.send(direct(record(place.bucket, "in/a", eTag=place.put("in/a", b"again"))))
    assert len(late.collector.receive_once().done) == 1
    assert late.objects.contents == {}


def test_a_message_stays_until_all_its_objects_are_read(place: Place) -> None:
    keys = ("a", "b-undecodable", "c")
    place.send(direct(*(record(place.bucket, key, eTag=place.put(key, key.encode())) for key in keys)))
    collecting = place.collecting(visibility_seconds=0)
    received = collecting.collector.receive_once()
    assert received.done == ()
    assert [failure.text for failure in received.failed.values()] == ["b-undecodable cannot be decoded"]
    assert collecting.objects.contents == {"a": [b"a"], "c": [b"c"]}
    assert place.messages() == 1
    assert [bool(collecting.collector.receive_once().done) for _ in range(4)] == [False, False, False, True]
    assert [version.key for version in collecting.objects.given_up] == ["b-undecodable"]
    assert collecting.objects.contents == {"a": [b"a"], "c": [b"c"]}
    assert place.messages() == 0
    assert [status.state for status in collecting.told] == ["failing", "reading"]


def test_a_fifth_delivery_is_the_last_try_for_an_object_of_its_own_failing(place: Place) -> None:
    place.send(direct(record(place.bucket, "undecodable", eTag=place.put("undecodable", b"x"))))
    for _ in range(4):
        place.sqs.receive_message(QueueUrl=place.url, VisibilityTimeout=0)
    collecting = place.collecting(visibility_seconds=0)
    assert len(collecting.collector.receive_once().done) == 1
    assert list(collecting.objects.given_up.values()) == ["undecodable cannot be decoded"]
    assert place.messages() == 0


def test_an_error_of_the_store_passes_and_the_message_comes_again(place: Place) -> None:
    place.send(direct(record(place.bucket, "a", eTag=place.put("a", b"a"))))
    collecting = place.collecting(visibility_seconds=0)
    collecting.objects.error = StoreUnavailableError("the database is away")
    with pytest.raises(StoreUnavailableError):
        collecting.collector.receive_forever()
    assert place.messages() == 1
    assert len(collecting.collector.receive_once().done) == 1
    assert collecting.objects.contents == {"a": [b"a"]}


def test_messages_stay_hidden_as_long_as_their_objects_are_read(place: Place) -> None:
    for key in ("a", "b"):
        place.send(direct(record(place.bucket, key, eTag=place.put(key, b"x"))))
    renewed: list[list[int]] = []
    beaten = threading.Event()

    def noting(access: Any, service: str) -> Any:
        made = client(access, service)
        made.meta.events.register("provide-client-params.sqs.ChangeMessageVisibilityBatch", note)
        return made

    def note(params: dict[str, Any], **_: Any) -> None:
        renewed.append([entry["VisibilityTimeout"] for entry in params["Entries"]])
        if len(renewed) >= 3:
            beaten.set()

    collecting = place.collecting(visibility_seconds=40, renew_seconds=0.02, make_client=noting)

    def slowly(chunks: Iterable[bytes]) -> bytes:
        assert beaten.wait(30)
        return b"".join(chunks)

    collecting.objects.take = slowly
    assert len(collecting.collector.receive_once().done) == 2
    assert renewed[:3] == [[40, 40]] * 3
    assert place.messages() == 0


def test_what_is_held_when_it_is_stopped_goes_back_to_the_queue(place: Place) -> None:
    for key in ("a", "b", "c"):
        place.send(direct(record(place.bucket, key, eTag=place.put(key, b"x"))))
    collecting = place.collecting()

    def stopping(chunks: Iterable[bytes]) -> bytes:
        collecting.stop.set()
        return b"".join(chunks)

    collecting.objects.take = stopping
    collecting.collector.receive_forever()
    assert collecting.objects.contents == {}
    follower = place.collecting(objects=collecting.objects)
    collecting.objects.take = b"".join
    assert len(follower.collector.receive_once().done) == 3


def test_the_status_tells_how_many_messages_wait(place: Place) -> None:
    for number in range(7):
        place.send(direct(record(place.bucket, str(number), eTag=place.put(str(number), b"x"))))
    collecting = place.collecting()
    for _ in range(3):
        collecting.collector.receive_once()
        collecting.now += 60_000_000
    assert collecting.told == [
        Status(state="reading", waiting=2),
        Status(state="reading", waiting=0),
        Status(state="following", waiting=0),
    ]


def test_a_queue_that_does_not_exist_is_told_and_tried_again(moto_address: str) -> None:
    url = f"{moto_address}/123456789012/no-such-queue"
    collecting = Collecting(source_at(moto_address, "any", queue_url=url), stop=Stop(most=2))
    collecting.collector.receive_forever()
    assert [status.state for status in collecting.told] == ["failing"]
    assert "does not exist" in str(collecting.told[0].error)
    assert collecting.stop.waits == [30, 30]


def test_several_threads_share_a_queue_and_a_listing_without_reading_twice(place: Place) -> None:
    for number in range(40):
        place.send(direct(record(place.bucket, str(number), eTag=place.put(str(number), b"x"))))
    collecting = place.collecting()

    def receive() -> None:
        while collecting.collector.receive_once().done:
            pass

    threads = [threading.Thread(target=receive) for _ in range(3)]
    threads.append(threading.Thread(target=collecting.collector.list_once))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collecting.objects.contents == {str(number): [b"x"] for number in range(40)}
    assert place.messages() == 0
