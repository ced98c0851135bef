"""Where a source lies, as its card says it."""

from collections.abc import Iterable

import msgspec

from tracehub.collectors.arns import account_of_group, account_of_role, region_of_group
from tracehub.model.source import CloudWatchSource, S3Source, Source
from tracehub.web.pages.visible import one_line

_MOST_GROUPS = 3


class Place(msgspec.Struct, frozen=True):
    """One thing that says where: a label and what stands there."""

    label: str
    values: tuple[str, ...]


def places(source: Source) -> tuple[Place, ...]:
    """Groups or bucket first, then region, account and what narrows it; what the environment decides says so."""
    match source:
        case CloudWatchSource():
            return (_groups(source.log_groups), *_narrowed(source), *_reached(source, source.log_groups))
        case S3Source():
            queue = (_place("Queue", source.queue_url),) if source.queue_url else ()
            return (_place("Bucket", f"s3://{source.bucket}/{source.prefix}"), *queue, *_reached(source, ()))


class Doors(msgspec.Struct, frozen=True):
    """The addresses of this server, and of the proxy beside it where there is one."""

    web: str
    proxy: str | None


def pushed_to(kind: str, doors: Doors) -> tuple[Place, ...]:
    """Where pushed records arrive."""
    if kind == "proxy":
        return (_place("Calls go through", doors.proxy),) if doors.proxy else ()
    path = "/ingest/firehose" if kind == "firehose" else "/api/v1/records"
    return (_place("Arrives at", f"{doors.web}{path}"),)


def _groups(groups: tuple[str, ...]) -> Place:
    shown = tuple(one_line(group, 200) for group in groups[:_MOST_GROUPS])
    more = len(groups) - _MOST_GROUPS
    return Place("Log group" if len(groups) == 1 else "Log groups", (*shown, f"and {more} more") if more > 0 else shown)


def _narrowed(source: CloudWatchSource) -> list[Place]:
    given = (
        ("Streams", f"{source.stream_prefix}…" if source.stream_prefix else None),
        ("Filter", source.filter_pattern),
    )
    return [_place(label, value) for label, value in given if value]


def _reached(source: Source, groups: tuple[str, ...]) -> tuple[Place, ...]:
    """Region and account, from the ARNs where only they say it, and whatever else is declared."""
    region = source.region or _shared(region_of_group(group) for group in groups)
    account = _shared(account_of_group(group) for group in groups)
    role = account_of_role(source.role_arn) if source.role_arn else None
    given = (
        ("Region", region or "from the environment"),
        ("Account", account or role),
        ("Profile", source.profile),
        ("Role", source.role_arn),
        ("Endpoint", source.endpoint_url),
    )
    return tuple(_place(label, value) for label, value in given if value)


def _shared(values: Iterable[str | None]) -> str | None:
    """The value where all have the same; several are named together."""
    known = dict.fromkeys(value for value in values if value)
    return ", ".join(known) or None


def _place(label: str, value: str) -> Place:
    return Place(label, (one_line(value, 300),))
