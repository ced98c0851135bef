"""Reading a bucket while S3 fails in the ways that no stand-in plays."""

from collections.abc import Iterable, Iterator

import pytest

from tests.collectors.s3.collecting import NOW, Collecting, Stop, source_at
from tests.collectors.scripted_s3 import Break, Empty, Page, Refuse, ScriptedS3, Whole, scripted_s3
from tracehub.collectors.access import client
from tracehub.collectors.status import Status
from tracehub.model.source import S3Source, read_source

BODY = bytes(range(256)) * 4096 * 2
SLOW_DOWN = Refuse(503, "SlowDown", "Please reduce your request rate.")
INTERNAL = Refuse(500, "InternalError")
DENIED = Refuse(403, "AccessDenied", "Access Denied")


@pytest.fixture
def s3() -> Iterator[ScriptedS3]:
    with scripted_s3() as played:
        yield played


@pytest.mark.parametrize("fault", [SLOW_DOWN, INTERNAL, Refuse(502, ""), Refuse(429, "TooManyRequests")])
def test_a_listing_that_is_slowed_down_waits_longer_each_time_and_goes_on(s3: ScriptedS3, fault: Refuse) -> None:
    s3.objects = {"a": b"a"}
    s3.listings.extend([fault] * 8)
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.stop.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert collecting.objects.contents == {"a": [b"a"]}
    assert [status.state for status in collecting.told] == ["waiting", "reading", "following"]
    assert collecting.told[0].error
    assert collecting.told[-1] == Status(state="following", read_until=NOW, waiting=0)


def test_an_object_that_is_slowed_down_is_left_to_the_next_listing(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    s3.readings.extend([SLOW_DOWN, None])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert not collecting.collector.list_once()
    assert collecting.stop.waits == [1]
    assert collecting.objects.contents == {"b": [b"b"]}
    assert (collecting.told[-1].state, collecting.told[-1].waiting) == ("waiting", 1)
    assert "Please reduce your request rate" in str(collecting.told[-1].error)
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"b": [b"b"], "a": [b"a"]}


def test_what_may_pass_never_gives_an_object_up(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    for fault in (SLOW_DOWN, INTERNAL, Break(0)):
        s3.always = {"a": fault}
        collecting = Collecting(source_at(s3.address, "traces"))
        for _ in range(7):
            assert not collecting.collector.list_once()
        assert (collecting.objects.failures, collecting.objects.given_up) == ({}, {})
        assert collecting.objects.contents == {"b": [b"b"]}


def test_an_empty_page_is_not_the_last(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a"}
    s3.listings.extend([Empty(), Empty(), None])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"a"]}


@pytest.mark.parametrize(("reset", "positions"), [(True, (524_288, 786_432)), (False, (700_000, 1_200_000))])
def test_an_object_that_breaks_off_is_read_on_from_there(
    s3: ScriptedS3, reset: bool, positions: tuple[int, int]
) -> None:
    s3.objects = {"a": BODY}
    s3.readings.extend([Break(700_000, reset), Break(500_000, reset)])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [BODY]}
    assert s3.ranges == [None, *(f"bytes={position}-" for position in positions)]
    assert all(headers["If-Match"] == s3.etag("a") for key, headers in s3.asked if key)


@pytest.mark.parametrize("fault", [SLOW_DOWN, INTERNAL])
def test_reading_on_may_be_slowed_down_too(s3: ScriptedS3, fault: Refuse) -> None:
    s3.objects = {"a": BODY}
    s3.readings.extend([Break(700_000), fault, fault])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [BODY]}


def test_a_large_object_may_break_as_often_as_it_likes_if_it_gets_on(s3: ScriptedS3) -> None:
    s3.objects = {"a": BODY * 8}
    s3.readings.extend([Break(1_500_000)] * 10)
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [BODY * 8]}


@pytest.mark.parametrize("reset", [True, False])
def test_half_an_object_is_never_a_whole_one(s3: ScriptedS3, reset: bool) -> None:
    s3.objects = {"a": BODY}
    s3.always = {"a": Break(300_000, reset)}
    s3.readings.append(Break(262_144, reset))
    s3.readings.extend([Break(0, reset)] * 10)
    collecting = Collecting(source_at(s3.address, "traces"))
    assert not collecting.collector.list_once()
    assert collecting.objects.contents == {}
    assert len(s3.ranges) == 5
    assert "it broke 5 times in a row" in str(collecting.told[-1].error)


def test_what_is_overwritten_while_it_is_read_is_superseded(s3: ScriptedS3) -> None:
    s3.objects = {"a": BODY}
    s3.readings.append(Break(700_000))
    collecting = Collecting(source_at(s3.address, "traces"))

    def overwriting(chunks: Iterable[bytes]) -> bytes:
        taken = b""
        for chunk in chunks:
            s3.objects["a"] = b"new"
            taken += chunk
        return taken

    collecting.objects.take = overwriting
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {}
    assert [version.key for version in collecting.objects.gone] == ["a"]
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"new"]}


def test_a_server_without_ranges_cannot_pass_the_beginning_off_as_the_rest(s3: ScriptedS3) -> None:
    s3.objects = {"a": BODY}
    s3.readings.extend([Break(700_000), Whole()])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert not collecting.collector.list_once()
    assert collecting.objects.contents == {}
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [BODY]}


@pytest.mark.parametrize(
    "fault",
    [
        Refuse(404, "NoSuchKey"),
        Refuse(404, "NoSuchVersion"),
        Refuse(412, "PreconditionFailed"),
        Refuse(405, "MethodNotAllowed"),
    ],
)
def test_what_is_gone_after_the_listing_is_superseded(s3: ScriptedS3, fault: Refuse) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    s3.always = {"a": fault}
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert [version.key for version in collecting.objects.gone] == ["a"]
    assert collecting.objects.contents == {"b": [b"b"]}


def test_a_bucket_that_may_not_be_listed_is_told_with_the_missing_permission(s3: ScriptedS3) -> None:
    s3.listings.append(DENIED)
    collecting = Collecting(source_at(s3.address, "traces"), stop=Stop(most=2))
    collecting.collector.list_forever()
    assert collecting.stop.waits == [30, 60]
    assert [status.state for status in collecting.told] == ["failing", "following"]
    assert "AccessDenied" in str(collecting.told[0].error)
    assert "(missing permission: s3:ListBucket)" in str(collecting.told[0].error)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "ExpiredToken", "SignatureDoesNotMatch", "NoSuchBucket"])
def test_what_ails_everything_ends_the_listing_and_gives_nothing_up(s3: ScriptedS3, code: str) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    s3.readings.append(Refuse(404 if code == "NoSuchBucket" else 403, code))
    collecting = Collecting(source_at(s3.address, "traces"))
    assert not collecting.collector.list_once()
    assert len(s3.ranges) == 1
    assert collecting.told[-1].state == "failing"
    assert code in str(collecting.told[-1].error)
    assert (collecting.objects.failures, collecting.objects.gone) == ({}, [])
    assert collecting.collector.list_once()


def test_a_bucket_whose_objects_are_all_denied_gives_none_up(s3: ScriptedS3) -> None:
    s3.objects = {f"{number:02}": b"x" for number in range(30)}
    s3.always = dict.fromkeys(s3.objects, DENIED)
    collecting = Collecting(source_at(s3.address, "traces"))
    for _ in range(8):
        assert not collecting.collector.list_once()
    assert (collecting.objects.failures, collecting.objects.given_up) == ({}, {})
    assert (collecting.told[-1].state, collecting.told[-1].waiting) == ("failing", 30)
    assert "(missing permission: s3:GetObject)" in str(collecting.told[-1].error)
    assert len(s3.ranges) == 8 * 20
    assert {key for key, _ in s3.asked if key} == set(s3.objects)


def test_an_object_that_is_denied_while_others_are_read_is_given_up(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a"}
    s3.always = {"a": DENIED}
    collecting = Collecting(source_at(s3.address, "traces"))
    for number in range(6):
        s3.objects[f"b{number}"] = b"%d" % number
        collecting.collector.list_once()
    assert [version.key for version in collecting.objects.given_up] == ["a"]
    assert len(collecting.objects.contents) == 6
    assert collecting.told[-1].state == "following"


def test_what_is_archived_is_given_up_at_once_with_the_reason(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    s3.always = {"a": Refuse(403, "InvalidObjectState", "The operation is not valid for the object's storage class")}
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert ["storage class" in reason for reason in collecting.objects.given_up.values()] == [True]
    assert collecting.objects.contents == {"b": [b"b"]}


def test_no_server_at_all_is_waited_for(s3: ScriptedS3) -> None:
    collecting = Collecting(source_at("http://127.0.0.1:9", "traces"), stop=Stop(most=3))
    collecting.collector.list_forever()
    assert collecting.stop.waits[:3] == [1, 2, 4]
    assert [status.state for status in collecting.told] == ["waiting"]
    assert "Could not connect" in str(collecting.told[0].error)


def test_a_page_of_a_proxy_is_no_listing(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a"}
    s3.listings.extend([Page(200), Page(503), None])
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.stop.waits == [1, 2]
    assert collecting.objects.contents == {"a": [b"a"]}


@pytest.mark.parametrize("status", [302, 400, 403, 404, 500])
def test_a_page_of_a_proxy_gives_nothing_up(s3: ScriptedS3, status: int) -> None:
    s3.objects = {"a": b"a"}
    s3.always = {"a": Page(status)}
    collecting = Collecting(source_at(s3.address, "traces"))
    for _ in range(6):
        assert not collecting.collector.list_once()
    assert (collecting.objects.given_up, collecting.objects.gone) == ({}, [])
    s3.always = {}
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"a"]}


def test_what_is_deleted_and_comes_back_the_same_is_read(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a"}
    s3.readings.append(Refuse(404, "NoSuchKey"))
    collecting = Collecting(source_at(s3.address, "traces"))
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {}
    assert collecting.collector.list_once()
    assert collecting.objects.contents == {"a": [b"a"]}


def test_what_is_refused_for_the_whole_bucket_gives_nothing_up(s3: ScriptedS3) -> None:
    s3.objects = {"a": b"a", "b": b"b"}
    s3.always = dict.fromkeys(s3.objects, Refuse(400, "KMS.DisabledException"))
    collecting = Collecting(source_at(s3.address, "traces"))
    for _ in range(7):
        assert not collecting.collector.list_once()
    assert (collecting.objects.failures, collecting.objects.given_up) == ({}, {})
    assert (collecting.told[-1].state, collecting.told[-1].waiting) == ("failing", 2)


@pytest.mark.parametrize("declared", [{"profile": "nobody"}, {"endpoint_url": "nowhere"}, {"region": "no region!"}])
def test_a_source_that_no_client_can_be_made_for_is_told_and_tried_again(declared: dict[str, str]) -> None:
    source = read_source({"kind": "s3", "name": "test", "bucket": "traces", "queue_url": "http://q", **declared})
    assert isinstance(source, S3Source)
    collecting = Collecting(source, make_client=client, stop=Stop(most=2))
    collecting.collector.list_forever()
    assert collecting.stop.waits == [30, 30]
    assert [status.state for status in collecting.told] == ["failing"]
    assert next(iter(declared.values())) in str(collecting.told[0].error)
    receiving = Collecting(source, make_client=client, stop=Stop(most=2))
    receiving.collector.receive_forever()
    assert receiving.stop.waits == [30, 30]
    assert receiving.told == collecting.told
