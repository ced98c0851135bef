"""What reading a bucket needs, tried."""

from typing import Any, cast

import boto3

from tests.collectors.probes.lines import lines, reached
from tests.collectors.probes.scripted_aws import Refusal, ScriptedAws
from tracehub.collectors.probes.s3 import probe_bucket
from tracehub.model.source import S3Source

POLICY = "`tracehub doctor --policy` prints all that is needed"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/q"


def test_a_bucket_that_can_be_read(moto_address: str) -> None:
    bucket(moto_address, "doctor-read").put_object(Bucket="doctor-read", Key="traces/1.jsonl", Body=b"{}")

    assert probe(moto_address, bucket="doctor-read", prefix="traces/") == [
        "ok: s3://doctor-read/traces/ can be listed",
        "ok: objects can be read (tried traces/1.jsonl)",
    ]


def test_an_object_without_bytes_can_be_read_too(moto_address: str) -> None:
    bucket(moto_address, "doctor-empty").put_object(Bucket="doctor-empty", Key="a/", Body=b"")

    assert probe(moto_address, bucket="doctor-empty")[1] == "ok: objects can be read (tried a/)"


def test_versions_are_tried_where_a_queue_names_them(moto_address: str) -> None:
    s3 = bucket(moto_address, "doctor-versions")
    s3.put_bucket_versioning(Bucket="doctor-versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="doctor-versions", Key="a", Body=b"{}")

    assert probe(moto_address, bucket="doctor-versions", queue_url=QUEUE) == [
        "ok: s3://doctor-versions/ can be listed",
        "ok: objects can be read (tried a)",
        "ok: versions of objects can be read",
    ]


def test_a_prefix_without_objects_is_warned_of(moto_address: str) -> None:
    bucket(moto_address, "doctor-none")

    assert probe(moto_address, bucket="doctor-none", prefix="traces/") == [
        "ok: s3://doctor-none/traces/ can be listed",
        "warning: nothing lies below s3://doctor-none/traces/ yet, so reading could not be tried -> check bucket and "
        "prefix if something should, else run it again later",
    ]


def test_a_bucket_that_does_not_exist_is_told(moto_address: str) -> None:
    assert probe(moto_address, bucket="doctor-nowhere") == [
        "problem: bucket doctor-nowhere: The specified bucket does not exist (NoSuchBucket) -> check the bucket's name "
        "in the source"
    ]


def test_a_bucket_of_another_region_is_told(aws: ScriptedAws) -> None:
    aws.refused["ListObjectsV2"] = Refusal("PermanentRedirect", "The bucket is elsewhere.", 301)

    assert probe(aws.address) == [
        "problem: bucket traces: The bucket is elsewhere (PermanentRedirect) -> the bucket lies in another region: "
        "name that as region in the source"
    ]


def test_denied_listing_is_named(aws: ScriptedAws) -> None:
    aws.refused["ListObjectsV2"] = Refusal("AccessDenied", "Access Denied", 403)

    assert probe(aws.address, prefix="traces/") == [
        f"problem: bucket traces: s3:ListBucket is denied -> allow s3:ListBucket on arn:aws:s3:::traces; {POLICY}"
    ]


def test_listing_is_not_needed_where_the_queue_tells_everything(aws: ScriptedAws) -> None:
    aws.refused["ListObjectsV2"] = Refusal("AccessDenied", "Access Denied", 403)

    assert probe(aws.address, queue_url=QUEUE, list_seconds=0.0) == [
        "warning: bucket traces: s3:ListBucket is denied; without it, an object that is gone looks like one that is "
        f"denied, and nothing could be tried -> allow s3:ListBucket on arn:aws:s3:::traces; {POLICY}"
    ]


def test_denied_reading_is_named_with_the_whole_prefix(aws: ScriptedAws) -> None:
    aws.deny("GetObject", "s3:GetObject", "arn:aws:s3:::traces/traces/1.jsonl")

    assert probe(aws.address, prefix="traces/")[1:] == [
        "problem: s3://traces/traces/1.jsonl: s3:GetObject is denied -> allow s3:GetObject on "
        f"arn:aws:s3:::traces/traces/*; {POLICY}"
    ]


def test_denied_versions_are_named(aws: ScriptedAws) -> None:
    aws.deny("GetObjectVersion", "s3:GetObjectVersion", "arn:aws:s3:::traces/traces/1.jsonl")

    assert probe(aws.address, queue_url=QUEUE)[2:] == [
        "problem: s3://traces/traces/1.jsonl: s3:GetObjectVersion is denied -> allow s3:GetObjectVersion on "
        f"arn:aws:s3:::traces/*; {POLICY}"
    ]


def test_an_explicit_deny_is_told_apart(aws: ScriptedAws) -> None:
    said = "User is not authorized to perform: s3:GetObject with an explicit deny in a resource-based policy"
    aws.refused["GetObject"] = Refusal("AccessDenied", said, 403)

    assert probe(aws.address)[1:] == [
        "problem: s3://traces/traces/1.jsonl: s3:GetObject is denied -> a policy denies it explicitly, so allowing is "
        f"not enough: {said} (AccessDenied)"
    ]


def test_a_key_that_may_not_be_used_is_named(aws: ScriptedAws) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    aws.deny("GetObject", "kms:Decrypt", key)

    assert probe(aws.address)[1:] == [
        "problem: s3://traces/traces/1.jsonl: the KMS key that encrypts it may not be used -> allow kms:Decrypt on "
        f"{key}, in the key's policy too where it is another account's; `tracehub doctor --policy --kms-key {key}` "
        "prints all that is needed"
    ]


def test_a_disabled_key_is_told(aws: ScriptedAws) -> None:
    aws.refused["GetObject"] = Refusal("KMS.DisabledException", "key/1 is disabled.", 400)

    assert probe(aws.address)[1:] == [
        "problem: s3://traces/traces/1.jsonl: its KMS key cannot be used: key/1 is disabled (KMS.DisabledException) -> "
        "enable the key, or restore it"
    ]


def probe(address: str, **given: object) -> list[str]:
    source = S3Source(**{"name": "s", "bucket": "traces", "endpoint_url": address, **given})  # type: ignore[arg-type]
    return lines(probe_bucket(source, reached(source)))


def bucket(address: str, name: str) -> Any:
    client = boto3.client(cast("Any", "s3"), endpoint_url=address)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client
