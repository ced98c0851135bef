"""Tells which objects a message of the queue announces: from S3, through SNS, or from EventBridge."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import unquote_plus

import msgspec
import orjson

from tracehub.collectors.s3.notification_shapes import BridgeEvent, Record, RecordHead
from tracehub.errors import UndecodableError
from tracehub.model.collected import ObjectVersion

# SQS holds at most 1 MiB a message.
_MOST_CHARACTERS = 1_048_576
_KEY_BYTES = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Announced(msgspec.Struct, frozen=True):
    """An object to read. Its version is the etag where one was told, so that listing knows it by the same name.

    `version_id` finds its bytes also after it was overwritten; None where the bucket keeps no versions.
    """

    object: ObjectVersion
    version_id: str | None = None


class Notification(msgspec.Struct, frozen=True):
    """What one message announces; nothing where it tells of other events, or tests the queue."""

    objects: tuple[Announced, ...] = ()


def objects_in(body: str) -> Notification:
    """What this message announces. UndecodableError, with the reason, where it is no notification of S3."""
    document = _document(body)
    message = document.get("Message")
    if document.get("Type") == "Notification" and isinstance(message, str):
        document = _document(message)
    if "Records" in document:
        return Notification(_from_records(document["Records"]))
    if document.get("Event") == "s3:TestEvent":
        return Notification()
    if "detail-type" in document and document.get("source") == "aws.s3":
        return Notification(_from_event_bridge(document))
    msg = "the message is no notification of S3: neither its own, nor through SNS, nor from EventBridge"
    raise UndecodableError(msg)


def _document(body: str) -> dict[str, object]:
    if len(body) > _MOST_CHARACTERS:
        msg = "the message is longer than SQS allows"
        raise UndecodableError(msg)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f"the message is not JSON: {error}"
        raise UndecodableError(msg) from None
    if not isinstance(document, dict):
        msg = "the message is JSON, but not an object"
        raise UndecodableError(msg)
    return document


def _from_records(records: object) -> tuple[Announced, ...]:
    if not isinstance(records, list):
        msg = "the message's Records are not a list"
        raise UndecodableError(msg)
    return tuple(found for record in records if (found := _from_record(record)) is not None)


def _from_record(record: object) -> Announced | None:
    head = _typed(record, RecordHead)
    if not head.eventSource.endswith(":s3"):
        msg = f"the message tells of {head.eventSource[:100]!r}, not of S3"
        raise UndecodableError(msg)
    if head.eventVersion.partition(".")[0] != "2":
        msg = f"the message is of version {head.eventVersion[:20]!r}; versions 2.x are known"
        raise UndecodableError(msg)
    if not head.eventName.removeprefix("s3:").startswith("ObjectCreated:"):
        return None
    told = _typed(record, Record)
    entity = told.s3.object
    try:
        key = unquote_plus(entity.key, errors="strict")
    except UnicodeDecodeError:
        msg = f"the message's key {entity.key[:100]!r} is not UTF-8"
        raise UndecodableError(msg) from None
    return _announced(told.s3.bucket.name, key, entity.eTag, entity.versionId, entity.size, told.eventTime)


def _from_event_bridge(document: dict[str, object]) -> tuple[Announced, ...]:
    if document["detail-type"] != "Object Created":
        return ()
    event = _typed(document, BridgeEvent)
    entity = event.detail.object
    name = event.detail.bucket.name
    return (_announced(name, entity.key, entity.etag or entity.e_tag, entity.version_id, entity.size, event.time),)


def _announced(
    bucket: str, key: str, etag: str | None, version_id: str | None, size: int | None, time: str | None
) -> Announced:
    if not key or len(key.encode()) > _KEY_BYTES or "\0" in key:
        msg = f"the message's key {key[:100]!r} cannot be one of S3's"
        raise UndecodableError(msg)
    etag = (etag or "").strip('"')
    # Where versions are suspended every object's version is "null", and overwriting keeps it.
    version_id = None if version_id in (None, "", "null") else version_id
    version = etag or version_id
    if not version:
        msg = f"the message tells no version of {key[:100]!r}: neither versionId nor eTag"
        raise UndecodableError(msg)
    found = ObjectVersion(bucket, key, version, is_etag=bool(etag), size=size, modified_at=_moment(time))
    return Announced(found, version_id)


_T = TypeVar("_T")


def _typed(value: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        msg = f"the message is no notification of S3 as AWS writes it: {str(error)[:300]}"
        raise UndecodableError(msg) from None


def _moment(time: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - _EPOCH) // _MICROSECOND
