"""Which objects of a bucket are worth reading."""

from tracehub.collectors.since import moment_of
from tracehub.model.collected import ObjectVersion
from tracehub.model.source import S3Source

# CloudWatch's export tasks leave it behind.
_WRITE_TEST = "aws-logs-write-test"


class Selection:
    """What a source declares: its prefix, its `since` counted from `now`; no folder markers and no empty objects."""

    def __init__(self, source: S3Source, now: int) -> None:
        self.bucket = source.bucket
        self.prefix = source.prefix
        self._since = None if source.since is None else moment_of(source.since, now)

    def is_of(self, bucket: str) -> bool:
        """Whether notifications of `bucket` are meant. Those of an access point name the bucket behind it."""
        return bucket == self.bucket or self.bucket.startswith("arn:") or self.bucket.endswith("-s3alias")

    def wants(self, found: ObjectVersion) -> bool:
        """Whether the object is to be read; what was not told of it does not exclude it."""
        if not found.key.startswith(self.prefix) or found.key.endswith("/") or found.size == 0:
            return False
        if found.key.rpartition("/")[2] == _WRITE_TEST:
            return False
        return self._since is None or found.modified_at is None or found.modified_at >= self._since
