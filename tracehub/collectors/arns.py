"""The ARNs of what sources name; `*` stands for a region or account that is not known."""

import re
from urllib.parse import urlsplit

_GROUP = re.compile(r"arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:*]+)(?::\*)?\Z")
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):")
# https://sqs.REGION.amazonaws.com/…, those of VPC endpoints, and the older https://REGION.queue.amazonaws.com/….
_QUEUE_HOSTS = (
    re.compile(r"(?:\A|\.)sqs(?:-fips)?\.([a-z]{2}[\w-]+)\.(?:(?:vpce\.)?amazonaws|api\.aws)"),
    re.compile(r"\A([a-z]{2}[\w-]+)\.queue\.amazonaws"),
)
_WILD = re.compile(r"[*?$]")
UNKNOWN = "*"


def log_group_arn(group: str, region: str | None, account: str | None) -> str:
    """The ARN of a log group that is declared by name or ARN, without `:*`."""
    if _GROUP.match(group):
        return group.removesuffix(":*")
    return f"arn:{_partition(region)}:logs:{region or UNKNOWN}:{account or UNKNOWN}:log-group:{group}"


def region_of_group(group: str) -> str | None:
    """The region that a log group's ARN names; None where the group is declared by name."""
    arn = _GROUP.match(group)
    return arn.group(1) if arn else None


def account_of_group(group: str) -> str | None:
    """The account that a log group's ARN names; None where the group is declared by name."""
    arn = _GROUP.match(group)
    return arn.group(2) if arn else None


def all_log_groups_arn(region: str | None, account: str | None) -> str:
    """What DescribeLogGroups is allowed on: AWS checks it against no single group."""
    return f"arn:{_partition(region)}:logs:{region or UNKNOWN}:{account or UNKNOWN}:log-group:*"


def bucket_arn(bucket: str, region: str | None) -> str:
    """The ARN of a bucket, or of the access point that is named in its place."""
    return bucket if bucket.startswith("arn:") else f"arn:{_partition(region)}:s3:::{bucket}"


def objects_arn(bucket: str, prefix: str, region: str | None) -> str:
    """All objects below a prefix; what IAM would read as a pattern in it is escaped."""
    within = "/object/" if bucket.startswith("arn:") else "/"
    return f"{bucket_arn(bucket, region)}{within}{literal(prefix)}*"


def object_arn(bucket: str, key: str, region: str | None) -> str:
    """One object."""
    return objects_arn(bucket, key, region).removesuffix("*")


def queue_arn(url: str, region: str | None) -> str:
    """The ARN of the queue at `url`. `region` counts where the URL names none."""
    region = region_of_queue(url) or region
    account, name = _queue(url)
    return f"arn:{_partition(region)}:sqs:{region or UNKNOWN}:{account or UNKNOWN}:{name or UNKNOWN}"


def region_of_queue(url: str) -> str | None:
    """The region that a queue's URL names; None for stand-ins and the like."""
    host = urlsplit(url).hostname or ""
    return next((found.group(1) for shape in _QUEUE_HOSTS if (found := shape.search(host))), None)


def plain_region_of_queue(url: str) -> str | None:
    """The region in which the queue is read where its source names none: only the usual form of address counts."""
    region = region_of_queue(url)
    return region if region and url.startswith(f"https://sqs.{region}.amazonaws.com") else None


def account_of_role(role_arn: str) -> str | None:
    """The account that a role belongs to."""
    found = _ROLE.match(role_arn)
    return found.group(1) if found else None


def literal(text: str) -> str:
    """The text as IAM's patterns match it literally."""
    return _WILD.sub(lambda found: f"${{{found[0]}}}", text)


def _queue(url: str) -> tuple[str | None, str | None]:
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if len(parts) < 2:
        return None, parts[0] if parts else None
    return parts[-2] if re.fullmatch(r"\d{12}", parts[-2]) else None, parts[-1]


def _partition(region: str | None) -> str:
    if region and region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region and region.startswith("us-gov-") else "aws"
