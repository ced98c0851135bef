"""Reading a bucket by listing it, against moto's S3."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.collectors.s3.collecting import NOW, Collecting, Stop, client_at, source_at
from tracehub.collectors.status import Status
from tracehub.errors import StoreUnavailableError

ODD = "a b+c%2F ü/😀"


@pytest.fixture
def bucket(moto_address: str) -> str:
    name = f"listed-{uuid4().hex}"
    client_at(moto_address, "s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return name


@pytest.fixture
def s3(moto_address: str) -> Any:
    return client_at(moto_address, "s3")


def test_more_than_a_page_is_read_whole_and_only_once(moto_address: str, bucket: str, s3: Any) -> None:
    keys = [f"{number:05}" for number in range(1234)]
    with ThreadPoolExecutor(4) as putting:
        list(putting.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"x"), keys))
    collecting = Collecting(source_at(moto_address, bucket))
    # It leaves the chunks alone, so nothing is asked of S3 but the pages.
    collecting.objects.take = lambda chunks: b""
    assert collecting.collector.list_once()
    assert [version.key for version in collecting.objects.order] == keys
    assert collecting.told[0] == Status(state="reading", waiting=1000)
    assert collecting.told[-1] == Status(state="following", read_until=NOW, waiting=0)
    assert collecting.collector.list_once()
    assert len(collecting.objects.order) == len(keys)


def test_objects_of_the_same_second_that_come_later_are_read_too(moto_address: str, bucket: str, s3: Any) -> None:
    collecting = Collecting(source_at(moto_address, bucket))
    for key in ("m", "a", "z", "n"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert collecting.collector.list_once()
    assert [version.key for version in collecting.objects.order] == ["m", "a", "z", "n"]


def test_what_is_overwritten_is_read_again(moto_address: str, bucket: str, s3: Any) -> None:
    collecting = Collecting(source_at(moto_address, bucket))
    for body in (b"one", b"two", b"two"):
        s3.put_object(Bucket=bucket, Key="a", Body=body)
        assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"one", b"two"]}


def test_what_is_overwritten_between_listing_and_reading_is_superseded(moto_address: str, bucket: str, s3: Any) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"old")
    collecting = Collecting(source_at(moto_address, bucket))
    taken = collecting.objects.take

    def meddle(chunks: Iterable[bytes]) -> bytes:
        s3.put_object(Bucket=bucket, Key="b", Body=b"new")
        s3.delete_object(Bucket=bucket, Key="c")
        return taken(chunks)

    collecting.objects.take = meddle
    assert collecting.collector.list_once()
    assert [version.key for version in collecting.objects.gone] == ["b", "c"]
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"old"], "b": [b"new"]}


def test_odd_keys_are_read(moto_address: str, bucket: str, s3: Any) -> None:
    for key in (ODD, "a&b=<c>?d#e", "'\"\\", "a//b", "~.-_!*()"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    collecting = Collecting(source_at(moto_address, bucket))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {
        key: [key.encode()] for key in (ODD, "a&b=<c>?d#e", "'\"\\", "a//b", "~.-_!*()")
    }


def test_folders_empty_objects_and_the_test_of_exports_are_left_out(moto_address: str, bucket: str, s3: Any) -> None:
    for key, body in (
        ("in/", b"x"),
        ("in/empty", b""),
        ("in/aws-logs-write-test", b"Permission Check Successful"),
        ("out/a", b"out"),
        ("in/a", b"in"),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    collecting = Collecting(source_at(moto_address, bucket, prefix="in/"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"in/a": [b"in"]}


def test_what_is_older_than_since_is_left_out(moto_address: str, bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    later = Collecting(source_at(moto_address, bucket, since=tomorrow))
    assert later.collector.list_once()
    assert later.objects.contents == {}
    earlier = Collecting(source_at(moto_address, bucket, since="2020-01-01"))
    assert earlier.collector.list_once()
    assert earlier.objects.contents == {"a": [b"a"]}


def test_a_large_object_comes_in_chunks(moto_address: str, bucket: str, s3: Any) -> None:
    body = bytes(range(256)) * 4096 * 3
    s3.put_object(Bucket=bucket, Key="a", Body=body)
    collecting = Collecting(source_at(moto_address, bucket))
    sizes: list[int] = []

    def measured(chunks: Iterable[bytes]) -> bytes:
        parts = list(chunks)
        sizes.extend(len(part) for part in parts)
        return b"".join(parts)

    collecting.objects.take = measured
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [body]}
    assert sizes == [256 * 1024] * 12


def test_what_cannot_be_decoded_is_given_up_after_five_failures(moto_address: str, bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key="a-undecodable", Body=b"?")
    s3.put_object(Bucket=bucket, Key="b", Body=b"b")
    collecting = Collecting(source_at(moto_address, bucket))
    assert [collecting.collector.list_once() for _ in range(6)] == [False] * 4 + [True] * 2
    assert collecting.objects.contents == {"b": [b"b"]}
    assert list(collecting.objects.given_up.values()) == ["a-undecodable cannot be decoded"]
    assert collecting.told[-3:] == [
        Status(state="failing", waiting=1, error="a-undecodable cannot be decoded"),
        Status(state="reading", waiting=1),
        Status(state="following", read_until=NOW, waiting=0),
    ]


def test_an_error_of_the_store_ends_the_listing_and_the_next_one_goes_on(
    moto_address: str, bucket: str, s3: Any
) -> None:
    for key in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    collecting = Collecting(source_at(moto_address, bucket))
    collecting.objects.error = StoreUnavailableError("the database is away")
    with pytest.raises(StoreUnavailableError):
        collecting.collector.list_forever()
    assert collecting.objects.contents == {}
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"x"], "b": [b"x"]}


def test_a_bucket_that_does_not_exist_is_told_and_tried_again(moto_address: str) -> None:
    collecting = Collecting(source_at(moto_address, "no-such-bucket-anywhere"), stop=Stop(most=3))
    collecting.collector.list_forever()
    assert [status.state for status in collecting.told] == ["failing"]
    assert "NoSuchBucket" in str(collecting.told[0].error)
    assert collecting.stop.waits == [30, 30, 30]


def test_listing_goes_on_forever_at_its_pace_until_it_is_stopped(moto_address: str, bucket: str) -> None:
    collecting = Collecting(source_at(moto_address, bucket, list_seconds=7), stop=Stop(most=3))
    collecting.collector.list_forever()
    assert collecting.stop.waits == [7, 7, 7]
    never = Collecting(source_at(moto_address, bucket, list_seconds=0, queue_url="http://q"))
    never.collector.list_forever()
    assert never.told == []


def test_what_is_being_read_when_it_is_stopped_counts_as_unread(moto_address: str, bucket: str, s3: Any) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    collecting = Collecting(source_at(moto_address, bucket))

    def stopping(chunks: Iterable[bytes]) -> bytes:
        collecting.stop.set()
        return b"".join(chunks)

    collecting.objects.take = stopping
    collecting.collector.list_forever()
    assert collecting.objects.contents == {}
    assert [status.state for status in collecting.told] == ["reading"]
