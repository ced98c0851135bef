"""Collecting from AWS as moto's server plays it: what was put by real clients is stored once."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.aws.logs_server import client_of
from tests.collecting import Content, collecting_from, imported, settled, until
from tests.traffic import demo_lines
from tracehub.app import App
from tracehub.model.source import CloudWatchSource, S3Source
from tracehub.model.source_rows import SourceRow
from tracehub.store import quarantine, sources

LINES = demo_lines(12).decode().splitlines()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What importing the lines stores."""
    return imported(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'whole.db'}", demo_lines(12))


@pytest.fixture
def name() -> str:
    """One that no other test uses."""
    return f"moto-{random.SystemRandom().randrange(10**15)}"


def test_log_groups(moto_address: str, database_url: str, whole: Content, name: str) -> None:
    now = time.time_ns() // 1_000_000
    with client_of(moto_address, "logs") as logs:
        logs.create_log_group(logGroupName=name)
        for stream in ("one", "two"):
            logs.create_log_stream(logGroupName=name, logStreamName=stream)
            events = [
                {"timestamp": now - 60_000 + number, "message": line}
                for number, line in enumerate(LINES)
                if (number % 2 == 0) == (stream == "one")
            ]
            logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    source = CloudWatchSource(name="logs", log_groups=(name,), endpoint_url=moto_address, poll_seconds=0.2)
    with collecting_from(database_url, source) as app:
        until(lambda: settled(app, whole), "the lines to be collected")
        assert _row(app).counts.duplicates == 0


@pytest.mark.parametrize("way", ["direct", "SNS", "EventBridge"])
def test_a_bucket_that_tells_a_queue(
    moto_address: str, database_url: str, whole: Content, name: str, way: str, tmp_path: Path
) -> None:
    with client_of(moto_address, "s3") as s3, client_of(moto_address, "sqs") as sqs:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        _announce(moto_address, s3, name, arn, way)
        source = S3Source(
            name="bucket",
            bucket=name,
            prefix="traces/",
            queue_url=queue,
            endpoint_url=moto_address,
            list_seconds=0,
            readers=2,
        )
        with collecting_from(database_url, source) as app:
            for number, line in enumerate(LINES):
                s3.put_object(Bucket=name, Key=f"traces/day 1+2/ü {number}.json", Body=line.encode())
            s3.put_object(Bucket=name, Key="elsewhere/other.json", Body=LINES[0].encode())
            sqs.send_message(QueueUrl=queue, MessageBody="this is no notification")
            until(lambda: settled(app, whole), "the objects to be read")
            until(lambda: _row(app).counts.quarantined == 1, "the poison to be set aside")
            until(lambda: _waiting(sqs, queue) == 0, "the queue to be empty")
            with app.database.reading() as connection:
                (piece,) = quarantine.page(connection, limit=10).rows
                assert quarantine.data(connection, piece.sha256) == b"this is no notification"
            assert _row(app).counts.events == sum(int(row["event_count"]) for row in whole["traces"])


def _announce(address: str, s3: Any, bucket: str, queue_arn: str, way: str) -> None:
    """Makes the bucket tell the queue what is put into it."""
    target: dict[str, Any] = {"QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]}
    if way == "SNS":
        with client_of(address, "sns") as sns:
            topic = sns.create_topic(Name=bucket)["TopicArn"]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        target = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    if way == "EventBridge":
        with client_of(address, "events") as events:
            pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
            events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": queue_arn}])
        target = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=target)


def _waiting(sqs: Any, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values()))


def _row(app: App) -> SourceRow:
    with app.database.reading() as connection:
        return sources.every(connection)[0]
