"""What collectors find in AWS, before it is decoded."""

import msgspec


class LogStream(msgspec.Struct, frozen=True):
    """One stream of a log group. `account` is the group's owner: 12 digits."""

    account: str
    group: str
    stream: str


class LogEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream. `event_id` is CloudWatch's; times are milliseconds since 1970 UTC, `ingested` None where
    it was not told."""

    event_id: str
    timestamp: int
    ingested: int | None
    message: str


class ObjectVersion(msgspec.Struct, frozen=True):
    """One version of an object in S3. `version` is its version id, or its etag where the bucket keeps no versions.

    `size` in bytes and `modified_at` in microseconds since 1970 UTC are None where a notification did not tell them.
    """

    bucket: str
    key: str
    version: str
    is_etag: bool
    size: int | None
    modified_at: int | None
