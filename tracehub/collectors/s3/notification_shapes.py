"""What a notification of S3 has to hold, as AWS writes it; what else it holds does not matter."""

from typing import Annotated

import msgspec
from msgspec import Meta

# These go into headers and addresses, so they must not break out of them.
Tag = Annotated[str, Meta(max_length=1024, pattern=r'^"?[!#-~]*"?\Z')]
Size = Annotated[int, Meta(ge=0, le=1 << 53)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]


class Bucket(msgspec.Struct):
    name: Name


class S3Object(msgspec.Struct):
    key: str
    size: Size | None = None
    eTag: Tag | None = None
    versionId: Tag | None = None


class S3Entity(msgspec.Struct):
    bucket: Bucket
    object: S3Object


class Record(msgspec.Struct):
    s3: S3Entity
    eventTime: str | None = None


class RecordHead(msgspec.Struct):
    eventSource: str
    eventVersion: str
    eventName: str


class BridgeObject(msgspec.Struct, rename="kebab"):
    key: str
    size: Size | None = None
    etag: Tag | None = None
    # So moto writes it.
    e_tag: Tag | None = msgspec.field(default=None, name="eTag")
    version_id: Tag | None = None


class BridgeDetail(msgspec.Struct):
    bucket: Bucket
    object: BridgeObject


class BridgeEvent(msgspec.Struct):
    detail: BridgeDetail
    time: str | None = None
