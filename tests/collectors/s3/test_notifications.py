"""Which objects a message announces."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.collectors.s3.messages import TEST_EVENT, direct, event_bridge, record, through_sns
from tracehub.collectors.s3.notifications import Announced, Notification, objects_in
from tracehub.errors import UndecodableError
from tracehub.model.collected import ObjectVersion

MOMENT = 1_795_161_600_000_000
ETAG = "d41d8cd98f00b204e9800998ecf8427e"


def test_an_object_is_named_by_its_etag_and_found_by_its_version() -> None:
    body = direct(record("traces", "2026/a.jsonl", size=12, eTag=ETAG, versionId="096fKKXTRTtl3on89fVO"))
    version = ObjectVersion("traces", "2026/a.jsonl", ETAG, is_etag=True, size=12, modified_at=MOMENT)
    assert objects_in(body) == Notification((Announced(version, "096fKKXTRTtl3on89fVO"),))


def test_without_an_etag_the_version_id_names_it() -> None:
    announced = objects_in(direct(record("traces", "a", versionId="v1"))).objects[0]
    assert announced == Announced(
        ObjectVersion("traces", "a", "v1", is_etag=False, size=None, modified_at=MOMENT), "v1"
    )


def test_the_version_null_is_none_for_overwriting_keeps_it() -> None:
    announced = objects_in(direct(record("traces", "a", eTag=ETAG, versionId="null"))).objects[0]
    assert (announced.object.version, announced.version_id) == (ETAG, None)


def test_all_records_count_and_only_what_was_created() -> None:
    body = direct(
        record("traces", "a", eTag="1", name="ObjectCreated:Put"),
        record("traces", "b", name="ObjectRemoved:Delete"),
        record("traces", "c", name="ObjectRestore:Completed", eTag="3"),
        record("traces", "d", eTag="4", name="ObjectCreated:CompleteMultipartUpload"),
        record("traces", "e", eTag="5", name="s3:ObjectCreated:Put"),
    )
    assert [announced.object.key for announced in objects_in(body).objects] == ["a", "d", "e"]


def test_keys_of_s3_are_encoded_and_those_of_event_bridge_are_not() -> None:
    odd = "a b+c%2F ü/😀"
    encoded = "a+b%2Bc%252F+%C3%BC/%F0%9F%98%80"
    assert objects_in(direct(record("traces", encoded, eTag="1"))).objects[0].object.key == odd
    assert objects_in(event_bridge("traces", odd, etag="1")).objects[0].object.key == odd


def test_event_bridge_tells_of_created_objects_alone() -> None:
    created = event_bridge("traces", "a", size=5, etag=ETAG, **{"version-id": "v1"})
    version = ObjectVersion("traces", "a", ETAG, is_etag=True, size=5, modified_at=MOMENT)
    assert objects_in(created) == Notification((Announced(version, "v1"),))
    assert objects_in(event_bridge("traces", "a", kind="Object Tags Added", etag=ETAG)) == Notification()


def test_what_came_through_sns_is_the_same() -> None:
    body = direct(record("traces", "a", eTag=ETAG, size=3))
    assert objects_in(through_sns(body)) == objects_in(body)
    assert objects_in(through_sns(TEST_EVENT)) == Notification()


def test_the_test_of_a_queue_announces_nothing() -> None:
    assert objects_in(TEST_EVENT) == Notification()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "is not JSON"),
        ("not json", "is not JSON"),
        ("[" * 100_000, "is not JSON: depth limit"),
        ('{"a":' * 100_000, "is not JSON: depth limit"),
        ('"\\ud800"', "is not JSON"),
        ("\ud800", "is not JSON"),
        ("9" * 2_000_000, "longer than SQS allows"),
        ("[]", "not an object"),
        ("{}", "no notification of S3"),
        ('{"Type": "Notification", "Message": 5}', "no notification of S3"),
        ('{"Type": "SubscriptionConfirmation", "Message": "You have chosen"}', "no notification of S3"),
        ('{"Records": {}}', "not a list"),
        ('{"Records": [1]}', "Expected `object`, got `int`"),
        ('{"Records": [{"eventSource": "aws:sns", "eventVersion": "2.0", "eventName": "x"}]}', "not of S3"),
        (direct({**record("traces", "a", eTag="1"), "eventVersion": "3.0"}), "of version '3.0'"),
        (direct(record("traces", "a")), "tells no version of 'a'"),
        (direct(record("traces", "", eTag="1")), "cannot be one of S3's"),
        (direct(record("traces", "a%00", eTag="1")), "cannot be one of S3's"),
        (direct(record("traces", "a" * 1025, eTag="1")), "cannot be one of S3's"),
        (direct(record("traces", "%FF", eTag="1")), "is not UTF-8"),
        (direct(record("", "a", eTag="1")), "length >= 1"),
        (direct(record("traces", "a", eTag="1\r\nX-Evil: 1")), "regex"),
        (direct(record("traces", "a", eTag="1\n")), "regex"),
        (direct(record("traces", "a", eTag="1", size=1 << 70)), "size"),
        (direct(record("traces", "a", eTag="1", size=-1)), "size"),
        (direct(record("traces", "a", eTag=["1"])), "Expected `str"),
        (json.dumps({"source": "aws.s3", "detail-type": "Object Created"}), "missing required field `detail`"),
        (json.dumps({"source": "aws.ec2", "detail-type": "Object Created"}), "no notification of S3"),
    ],
)
def test_anything_else_is_undecodable_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(UndecodableError) as caught:
        objects_in(body)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_time_that_is_none_is_not_known() -> None:
    for time in ("yesterday", "", "2026-11-20T08:00:00"):
        body = direct({**record("traces", "a", eTag="1"), "eventTime": time})
        assert objects_in(body).objects[0].object.modified_at is None


_scalars = st.none() | st.booleans() | st.integers(-(1 << 66), 1 << 66) | st.floats() | st.text(max_size=12)
_names = st.sampled_from(
    ["Records", "Type", "Message", "detail", "detail-type", "source", "s3", "bucket", "object", "key", "eTag", "size"]
)
_values = st.recursive(
    _scalars | st.sampled_from(["Notification", "aws.s3", "Object Created", "aws:s3", "2.1", "ObjectCreated:Put"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=6),
    max_leaves=20,
)


def _expect_objects_or_undecodable(body: str) -> None:
    with contextlib.suppress(UndecodableError):
        assert all(announced.object.version for announced in objects_in(body).objects)


@given(st.text(max_size=200))
def test_any_text_is_objects_or_undecodable(body: str) -> None:
    _expect_objects_or_undecodable(body)


@given(_values)
def test_any_json_is_objects_or_undecodable(value: object) -> None:
    body = json.dumps(value)
    _expect_objects_or_undecodable(body)
    _expect_objects_or_undecodable(through_sns(body))


@given(_values, st.sampled_from(["eventSource", "eventVersion", "eventName", "eventTime", "s3"]))
def test_a_record_with_any_value_in_it_is_objects_or_undecodable(value: object, name: str) -> None:
    _expect_objects_or_undecodable(direct({**record("traces", "a", eTag="1"), name: value}))


@given(_values, st.sampled_from(["key", "size", "eTag", "versionId"]))
def test_an_object_with_any_value_in_it_is_objects_or_undecodable(value: object, name: str) -> None:
    body: Any = {"bucket": "traces", "key": "a", "eTag": "1", "etag": "1", name: value}
    _expect_objects_or_undecodable(direct(record(**body)))
    _expect_objects_or_undecodable(event_bridge(**body))
