"""Lists a bucket page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tracehub.collectors.s3.selection import Selection
from tracehub.model.collected import ObjectVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Page(msgspec.Struct, frozen=True):
    """Up to 1,000 objects in the order of their keys; `token` asks for the next page, None after the last."""

    objects: tuple[ObjectVersion, ...]
    token: str | None


def list_page(client: Any, selection: Selection, token: str | None) -> Page:
    """One page of the whole prefix; raises what boto3 raises.

    The ledger says what is new: neither the order of keys nor LastModified, whose grain is a second, can.
    """
    asked = {"Bucket": selection.bucket, "Prefix": selection.prefix, **({"ContinuationToken": token} if token else {})}
    answer = client.list_objects_v2(**asked)
    found = (_version(selection.bucket, listed) for listed in answer.get("Contents", ()))
    # A page may be empty and still not be the last.
    following = answer.get("NextContinuationToken") if answer.get("IsTruncated") else None
    return Page(tuple(version for version in found if selection.wants(version)), following)


def _version(bucket: str, listed: Any) -> ObjectVersion:
    return ObjectVersion(
        bucket=bucket,
        key=listed["Key"],
        version=listed["ETag"].strip('"'),
        is_etag=True,
        size=listed["Size"],
        modified_at=(listed["LastModified"] - _EPOCH) // _MICROSECOND,
    )
