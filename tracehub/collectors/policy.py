"""The least IAM policy with which the declared sources can be read."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tracehub.collectors import arns
from tracehub.model.source import Access, CloudWatchSource, S3Source, Source

_QUEUE_ACTIONS = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
)
RegionOf = Callable[[Access], str | None]


class Statement(msgspec.Struct, frozen=True, rename="pascal"):
    """One statement of a policy, as IAM writes it."""

    sid: str
    effect: str
    action: tuple[str, ...]
    resource: tuple[str, ...]
    condition: dict[str, dict[str, str]] | None = None


class Policy(msgspec.Struct, frozen=True):
    """What one identity may do; `unknown` says of what a `*` stands in it because nothing tells it."""

    statements: tuple[Statement, ...]
    unknown: tuple[str, ...]

    @property
    def document(self) -> dict[str, object]:
        """The policy as IAM takes it."""
        said = [
            {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in msgspec.to_builtins(each).items()
                if value is not None
            }
            for each in self.statements
        ]
        return {"Version": "2012-10-17", "Statement": said}


def roles_of(sources: Sequence[Source]) -> tuple[str, ...]:
    """The roles that are assumed for the sources."""
    return tuple(sorted({source.role_arn for source in sources if source.role_arn}))


def policy_of(
    sources: Sequence[Source], role: str | None, region_of: RegionOf, *, kms_keys: Sequence[str] = ()
) -> Policy:
    """What `role` needs to read those of the sources for which it is assumed.

    None for the identity that tracehub runs as: it reads the sources without a role, and assumes the roles of others.
    `kms_keys` are the ARNs of keys that encrypt the objects or the queues.
    """
    mine = [source for source in sources if source.role_arn == role]
    logs = [source for source in mine if isinstance(source, CloudWatchSource)]
    buckets = [source for source in mine if isinstance(source, S3Source)]
    statements = [*_logs(logs, region_of), *_buckets(buckets, region_of), *_queues(buckets, region_of)]
    if kms_keys and statements:
        statements.append(_allow("Decrypt", ["kms:Decrypt"], kms_keys))
    if role is None and roles_of(sources):
        statements.append(_allow("AssumeRoles", ["sts:AssumeRole"], roles_of(sources)))
    return Policy(tuple(statements), tuple(dict.fromkeys(_unknown(mine, region_of))))


def _logs(sources: Sequence[CloudWatchSource], region_of: RegionOf) -> Iterator[Statement]:
    if not sources:
        return
    groups = [(group, *_place(group, source, region_of)) for source in sources for group in source.log_groups]
    # IAM knows log groups with `:*` behind their names, but for three actions about tags.
    yield _allow("ReadEvents", ["logs:FilterLogEvents"], [f"{arns.log_group_arn(*group)}:*" for group in groups])
    everywhere = [arns.all_log_groups_arn(region, account) for _, region, account in groups]
    yield _allow("FindLogGroups", ["logs:DescribeLogGroups"], everywhere)
    # Metrics have no ARNs.
    yield _allow("CountWhatArrives", ["cloudwatch:GetMetricData"], ["*"])


def _buckets(sources: Sequence[S3Source], region_of: RegionOf) -> Iterator[Statement]:
    prefixes: dict[str, list[str]] = {}
    for source in sources:
        prefixes.setdefault(source.prefix, []).append(arns.bucket_arn(source.bucket, region_of(source)))
    for number, (prefix, buckets) in enumerate(sorted(prefixes.items()), 1):
        below = {"StringLike": {"s3:prefix": f"{arns.literal(prefix)}*"}} if prefix else None
        yield _allow(f"ListObjects{number if number > 1 else ''}", ["s3:ListBucket"], buckets, below)
    # Only notifications name versions; what a listing found is asked for by its etag.
    for sid, versions in (("ReadObjects", False), ("ReadVersions", True)):
        read = [
            arns.objects_arn(source.bucket, source.prefix, region_of(source))
            for source in sources
            if (source.queue_url is not None) is versions
        ]
        if read:
            yield _allow(sid, ["s3:GetObject", *(["s3:GetObjectVersion"] if versions else [])], read)


def _queues(sources: Sequence[S3Source], region_of: RegionOf) -> Iterator[Statement]:
    queues = [arns.queue_arn(source.queue_url, region_of(source)) for source in sources if source.queue_url]
    if queues:
        yield _allow("ReadQueue", _QUEUE_ACTIONS, queues)


def _unknown(sources: Sequence[Source], region_of: RegionOf) -> Iterator[str]:
    for source in sources:
        match source:
            case CloudWatchSource():
                for group in source.log_groups:
                    region, account = _place(group, source, region_of)
                    if region is None:
                        yield f"the region of the log group {group}: name it as region in the source {source.name}"
                    if account is None:
                        yield f"the account of the log group {group}: declare the group by its ARN to have it named"
            case S3Source(queue_url=str() as url):
                if arns.UNKNOWN in arns.queue_arn(url, region_of(source)).split(":"):
                    yield f"a part of the queue of the source {source.name}: its URL does not tell it"
            case _:
                pass


def _place(group: str, source: CloudWatchSource, region_of: RegionOf) -> tuple[str | None, str | None]:
    """The group's region and account, as far as they are declared."""
    of_role = arns.account_of_role(source.role_arn) if source.role_arn else None
    return arns.region_of_group(group) or region_of(source), arns.account_of_group(group) or of_role


def _allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: dict[str, dict[str, str]] | None = None
) -> Statement:
    return Statement(sid, "Allow", tuple(actions), tuple(sorted(set(resources))), condition)
