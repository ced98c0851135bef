"""The sources a team declares: where its traces lie in AWS, in the words of the configuration file and of the UI."""

from collections.abc import Mapping
from typing import Annotated, cast

import msgspec
from msgspec import Meta

from tracehub.errors import PermanentError

Name = Annotated[str, Meta(pattern=r"^[\w][\w .:/@-]{0,98}[\w]$|^[\w]$", max_length=100)]
Text = Annotated[str, Meta(min_length=1, max_length=2048)]


class Access(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How AWS is reached: what is not named comes from the environment, as every AWS tool reads it.

    `role_arn` is assumed through STS, with `external_id` where its trust policy asks for one. `endpoint_url` is for
    stand-ins of AWS and private endpoints.
    """

    region: Text | None = None
    profile: Text | None = None
    role_arn: Text | None = None
    external_id: Text | None = None
    endpoint_url: Text | None = None


class CloudWatchSource(Access, frozen=True, kw_only=True, tag="cloudwatch", tag_field="kind"):
    """Log groups, by name or ARN, read by FilterLogEvents.

    `stream_prefix` and `filter_pattern` narrow what is read; a pattern loses the later parts of events that a logger
    cut. `since` is where a first collection begins: an ISO 8601 time, or how long ago (`12h`, `7d`).
    `requests_per_second` is shared by all groups of one account and region.
    """

    name: Name
    log_groups: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=500)]
    stream_prefix: Text | None = None
    filter_pattern: Text | None = None
    since: Text = "1h"
    poll_seconds: Annotated[float, Meta(ge=0.05, le=3600)] = 10
    requests_per_second: Annotated[float, Meta(gt=0, le=50)] = 3


class S3Source(Access, frozen=True, kw_only=True, tag="s3", tag_field="kind"):
    """Objects of a bucket under a prefix, found by listing; with `queue_url` also, and sooner, by notifications.

    The queue holds S3 events as S3 sends them, wrapped by SNS, or from EventBridge. `since` leaves out objects last
    modified before it. `list_seconds` is how often the bucket is listed; 0 never, where a queue tells everything.
    """

    name: Name
    bucket: Text
    prefix: Annotated[str, Meta(max_length=1024)] = ""
    queue_url: Text | None = None
    since: Text | None = None
    list_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 60
    readers: Annotated[int, Meta(ge=1, le=16)] = 1


Source = CloudWatchSource | S3Source


def read_source(declared: Mapping[str, object]) -> Source:
    """The source that these words declare; PermanentError says which of them is wrong, and how."""
    try:
        source: Source = msgspec.convert(dict(declared), Source)
    except msgspec.ValidationError as error:
        name = declared.get("name")
        of = f" of the source {name!r}" if isinstance(name, str) else ""
        msg = f"the declaration{of} cannot be used: {error}"
        raise PermanentError(msg) from None
    if isinstance(source, S3Source) and source.list_seconds == 0 and source.queue_url is None:
        msg = f"the source {source.name!r} would read nothing: it has no queue_url, and list_seconds is 0"
        raise PermanentError(msg)
    if source.external_id is not None and source.role_arn is None:
        msg = f"the source {source.name!r} has an external_id but no role_arn to use it for"
        raise PermanentError(msg)
    return source


def words_of(source: Source) -> dict[str, object]:
    """The declaration that `source` was read from, without what stands at its default."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(source)}
    return {name: value for name, value in _written(source).items() if defaults.get(name, msgspec.NODEFAULT) != value}


def _written(source: Source) -> dict[str, object]:
    return cast("dict[str, object]", msgspec.to_builtins(source))
