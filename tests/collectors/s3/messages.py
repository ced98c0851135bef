"""Messages of a queue as AWS writes them."""

import json
from typing import Any


def record(bucket: str, key: str, *, name: str = "ObjectCreated:Put", **told: Any) -> dict[str, Any]:
    """One record of S3; `told` goes into its object."""
    return {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-20T08:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDA"},
        "requestParameters": {"sourceIPAddress": "10.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "traces",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": key, "sequencer": "0055AED6DCD90281E5", **told},
        },
    }


def direct(*records: dict[str, Any]) -> str:
    """What S3 itself sends."""
    return json.dumps({"Records": records})


def through_sns(body: str) -> str:
    """What SNS makes of it, without raw delivery."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:eu-central-1:123456789012:traces",
            "Subject": "Amazon S3 Notification",
            "Message": body,
            "Timestamp": "2026-11-20T08:00:01.000Z",
            "SignatureVersion": "1",
        }
    )


def event_bridge(bucket: str, key: str, *, kind: str = "Object Created", **told: Any) -> str:
    """What EventBridge sends; `told` goes into the object."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2026-11-20T08:00:00Z",
            "region": "eu-central-1",
            "resources": [f"arn:aws:s3:::{bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket},
                "object": {"key": key, "sequencer": "617f08299329d189", **told},
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012",
                "reason": "PutObject",
            },
        }
    )


TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-20T08:00:00.000Z"})
