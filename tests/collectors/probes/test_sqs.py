"""What taking messages from a queue needs, tried."""

import json
from typing import Any, cast

import boto3
import pytest

from tests.collectors.probes.lines import lines, reached
from tests.collectors.probes.scripted_aws import Refusal, ScriptedAws
from tracehub.collectors.probes.sqs import probe_queue
from tracehub.model.source import S3Source

ARN = "arn:aws:sqs:eu-central-1:123456789012:told"
POLICY = "`tracehub doctor --policy` prints all that is needed"
ALL_IS_WELL = [
    "ok: queue told can be described",
    "ok: queue told: messages can be received",
    "ok: queue told: messages can be kept hidden while they are read",
    "ok: queue told: messages can be deleted once they are read",
]


def test_a_queue_as_it_should_be_keeps_its_message(moto_address: str) -> None:
    sqs = boto3.client(cast("Any", "sqs"), endpoint_url=moto_address)
    dead = sqs.create_queue(QueueName="doctor-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"{ARN.rpartition(':')[0]}:doctor-dead", "maxReceiveCount": "5"}
    url = sqs.create_queue(
        QueueName="told", Attributes={"VisibilityTimeout": "300", "RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")

    assert probe(moto_address, url) == ALL_IS_WELL
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "kept"
    assert "Messages" not in sqs.receive_message(QueueUrl=dead)


def test_a_queue_as_the_console_makes_it_is_warned_of(moto_address: str) -> None:
    sqs = boto3.client(cast("Any", "sqs"), endpoint_url=moto_address)
    url = sqs.create_queue(QueueName="doctor-default")["QueueUrl"]

    assert probe(moto_address, url)[1:3] == [
        "warning: queue doctor-default has no redrive policy: what can never be read comes again until it is too old "
        "-> give it a dead letter queue, with maxReceiveCount 5 or more",
        "warning: queue doctor-default hides messages for 30 s by default: what another reader takes, or a person in "
        "the console, comes again while it is still being read -> set its visibility timeout to 60 s or more; tracehub "
        "asks for that itself",
    ]


def test_a_queue_that_does_not_exist_is_told(moto_address: str) -> None:
    url = f"{moto_address}/123456789012/doctor-nowhere"

    assert probe(moto_address, url) == [
        "problem: queue doctor-nowhere: The specified queue does not exist (AWS.SimpleQueueService.NonExistentQueue) "
        "-> check queue_url in the source, which reads in eu-central-1"
    ]


def test_a_queue_of_another_region_is_told(aws: ScriptedAws) -> None:
    aws.refused["GetQueueAttributes"] = Refusal("QueueDoesNotExist", "The specified queue does not exist.")

    assert probe(aws.address, "https://sqs.eu-west-1.amazonaws.com/123456789012/told", region="eu-central-1") == [
        "problem: queue told: The specified queue does not exist (QueueDoesNotExist) -> queue_url is of eu-west-1, but "
        "the source reads in eu-central-1: mend region or queue_url"
    ]


def test_a_queue_is_asked_in_the_region_of_its_address(aws: ScriptedAws) -> None:
    url = "https://sqs.ap-southeast-2.amazonaws.com/123456789012/told"

    assert probe(aws.address, url) == ALL_IS_WELL
    assert {region for service, region in aws.signed if service == "sqs"} == {"ap-southeast-2"}


@pytest.mark.parametrize(
    ("operation", "place"),
    [("GetQueueAttributes", 0), ("ReceiveMessage", 1), ("ChangeMessageVisibility", 2), ("DeleteMessage", 3)],
)
def test_each_denied_call_is_named(aws: ScriptedAws, operation: str, place: int) -> None:
    aws.deny(operation, f"sqs:{operation.lower()}", ARN)
    denied = f"problem: queue told: sqs:{operation} is denied -> allow sqs:{operation} on {ARN}; {POLICY}"

    assert probe(aws.address, url_of(aws)) == [
        denied if number == place else well for number, well in enumerate(ALL_IS_WELL)
    ]


def test_a_receipt_handle_that_is_refused_shows_that_asking_is_allowed(aws: ScriptedAws) -> None:
    aws.refused["DeleteMessage"] = Refusal("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 404)
    aws.refused["ChangeMessageVisibility"] = Refusal("InvalidParameterValue", "Value for parameter is invalid.")

    assert probe(aws.address, url_of(aws)) == ALL_IS_WELL


def test_a_key_that_may_not_be_used_is_named(aws: ScriptedAws) -> None:
    said = "The caller does not have access to KMS Decrypt."
    aws.refused["ReceiveMessage"] = Refusal("KMS.AccessDeniedException", said)

    assert probe(aws.address, url_of(aws))[1] == (
        "problem: queue told: the KMS key that encrypts it may not be used -> allow kms:Decrypt on its key, in the "
        "key's policy too where it is another account's; `tracehub doctor --policy --kms-key ARN` prints all that is "
        "needed"
    )


def test_a_message_that_one_receipt_may_cost_is_not_received(aws: ScriptedAws) -> None:
    aws.answers["GetQueueAttributes"] = {
        "Attributes": {
            "VisibilityTimeout": "300",
            "ApproximateNumberOfMessages": "2",
            "RedrivePolicy": '{"maxReceiveCount":1}',
        }
    }

    assert probe(aws.address, url_of(aws))[1] == (
        "warning: queue told: sqs:ReceiveMessage was not tried, for messages wait, and the redrive policy moves them "
        "away after 1 -> set maxReceiveCount to 5 or more: a short outage should not cost a message"
    )
    assert "ReceiveMessage" not in aws.asked


def url_of(aws: ScriptedAws) -> str:
    return f"{aws.address}/123456789012/told"


def probe(address: str, url: str, region: str | None = None) -> list[str]:
    source = S3Source(name="s", bucket="traces", endpoint_url=address, queue_url=url, region=region)
    return lines(probe_queue(url, reached(source)))
